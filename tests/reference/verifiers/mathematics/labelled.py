"""Answers judged by hand: a reference, a boxed answer, and whether a grader must accept it.

Categories follow the kinds of failure of public graders. ``problem`` is given where it decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """One labelled pair."""

    category: str
    reference: str
    answer: str
    same: bool
    problem: str = ""


NOUNS = "Ann has 12 apples, 7 of them green and the others red."
PROBLEMS = {
    "percent asked for": "What percent of the marbles are red?",
    "nouns of the problem": NOUNS + " She wants more. How many red apples are there?",
    "base asked for": "Write ten in base two.",
    "choice with options in the problem": "Which is a tree?\nA. fern\nB. birch\nC. moss",
    "ratio asked for": "Find the ratio of the areas.",
}
"""Category -> the problem of its pairs."""

TABLE = r"""
# integer
= 42 ;; 42 ;; 42. ;; 042 ;; +42 ;; 42.0 ;; $42$ ;; \(42\) ;; **42** ;; { 42 } ;; (42) ;; 42\,
= 42 ;; ４２ ;; ٤٢ ;; \boxed{42} ;; 84/2 ;; 6 \times 7 ;; 6·7
= 73 ;; **73**
= 13 ;; \text{13} ;; \mathbf{13}
= -5 ;; −5 ;; - 5
= 5 ;; --5
= 1234567 ;; 1,234,567 ;; 1\,234\,567 ;; 1{,}234{,}567 ;; 1 234 567
= 1,234,567 ;; 1234567
= 120 ;; 5!
= 5 ;; \sum_{k=1}^{5} 1
= 12 ;; twelve
= 33 ;; 033
= 3 ;; three
= 7 ;; \displaystyle 7 ;; \left(7\right)
= 524288 ;; 2^{19}
= 2^{19} ;; 524288
= 2^{2005} ;; 2^{2004} \cdot 2
= 3000000 ;; 3 million
= 24 ;; 2 dozen
≠ 42 ;; 43 ;; 4 2 ;; 4, 2 ;; 42 or 43 ;; 42 and 24 ;; -42 ;; 4.2 ;; 42x ;; about 42
≠ 42 ;; I think it is 42 ;; \approx 41.9 ;; 42!
≠ 1234567 ;; 1,234,56 ;; 1234,567
≠ 1234 ;; 1,2,3,4
≠ 802 ;; 1\,234\,567
≠ 5 ;; \pm 5 ;; 5 \text{ or } 6 ;; 5, 5
≠ 2^{2005} ;; 2^{2005}+1
≠ 10 ;; 10^{10^{10^{10}}}
≠ 13 ;; 1\text{ }3

# fraction and decimal
= \frac{1}{2} ;; 1/2 ;; 0.5 ;; .5 ;; \dfrac{1}{2} ;; \tfrac12 ;; \frac{2}{4} ;; ½ ;; 2^{-1}
= \frac{1}{2} ;; {1 \over 2}
= \frac12 ;; \frac{1}{2}
= -\frac{1}{2} ;; \frac{-1}{2} ;; \frac{1}{-2} ;; -1/2
= \frac{5}{2} ;; 2 1/2 ;; 2\frac{1}{2} ;; 2\frac12 ;; 2½ ;; 2.5
= \frac{305}{102} ;; 2 101/102
= \frac{2101}{102} ;; 2\,101 / 102
= 2\frac{1}{2} ;; \frac{5}{2}
= -\frac{5}{2} ;; -2\frac{1}{2}
= \frac{1}{3} ;; 0.\overline{3} ;; 0.\dot{3} ;; 0.(3) ;; 0.\bar{3} ;; 0.3\overline{3}
= \frac{1}{6} ;; 0.1\overline{6}
= \frac{1}{7} ;; 0.\overline{142857} ;; 0.\dot{1}4285\dot{7}
= 1 ;; 0.\overline{9}
= 0.\overline{12} ;; \frac{4}{33}
= .35625 ;; 0.35625 ;; \frac{57}{160}
= 3.14 ;; 3{,}14
= 1234.5 ;; 1,234.5
= \frac{1}{2^{99}} ;; 2^{-99}
= \frac{1}{2004!} ;; \frac{2005}{2005!}
≠ \frac{1}{3} ;; 0.333333 ;; 0.33 ;; 0.3 ;; \frac{3}{1}
≠ \frac{1}{2} ;; \frac{1}{3} ;; 1 : 3 ;; 12
≠ \frac{3}{2} ;; 2\frac{1}{2} ;; 2 1/2
≠ 1 ;; 2\frac{1}{2}
≠ \frac{1}{2004!} ;; \frac{1}{2006!}
≠ \frac{1}{2^{99}} ;; \frac{1}{2^{98}}
≠ \frac{2^{2005}+1}{3 \cdot 2^{2006}} ;; \frac{1}{3 \cdot 2^{2006}}
≠ 0 ;; \frac{1}{2^{99}}
≠ 0.1 ;; 0.10000000000000000001
≠ \frac{22}{7} ;; \pi
≠ 3.14159265358979 ;; \pi
≠ 0.\overline{12} ;; 0.12
≠ \frac{1}{9} ;; 0.\overline{01}
≠ 2.5 ;; 2,5,1
≠ \frac{1}{0} ;; 5

# scientific
= 300000000 ;; 3e8 ;; 3E8 ;; 3\times10^8 ;; 3 \times 10^{8} ;; 3·10⁸ ;; 3*10^8 ;; 3 x 10^8
= 3 \times 10^8 ;; 300,000,000 ;; 0.3 \times 10^9
= 6.02 \times 10^{23} ;; 602*10^21 ;; 6.02e23
= 1.6 \times 10^{-19} ;; 1.6e-19 ;; 1.6×10⁻¹⁹
= 0.00125 ;; 1.25 \times 10^{-3}
≠ 3 \times 10^8 ;; 3 \times 10^7 ;; 3 \times 10^{-8}
≠ 6.02 \times 10^{23} ;; 6.03 \times 10^{23}
≠ 1.6 \times 10^{-19} ;; 1.7 \times 10^{-19} ;; 0
≠ 3e8 ;; 3e
≠ 24 ;; 3e8

# radical and pi
= \sqrt{2} ;; √2 ;; sqrt(2) ;; \sqrt 2 ;; 2^{1/2}
= \sqrt{12} ;; 2\sqrt{3} ;; 2√3
= \frac{\sqrt{2}}{2} ;; \frac{1}{\sqrt{2}} ;; \sin 45^\circ ;; \sin\frac{\pi}{4}
= \frac{3\sqrt{3}}{4} ;; \frac{3}{4}\sqrt{3}
= 1+\sqrt{2} ;; \sqrt{3+2\sqrt{2}}
= 1+2\sqrt{3} ;; 2\sqrt{3}+1
= 70 \sqrt{2} ;; 70\sqrt2
= \sqrt[3]{8} ;; 2
= \sqrt[3]{2} ;; 2^{\frac{1}{3}}
= 9\pi ;; 9pi ;; 9π ;; \pi \cdot 9
= 18+2\pi ;; 2(9+\pi)
= \frac{\pi}{2} ;; π/2
= \frac{1}{2} ;; \cos 60°
= 2i ;; \sqrt{-4}
= 1-\frac{1}{e} ;; 1-1/\mathrm{e}
= 1-e^{-1} ;; 1-1/\mathrm{e}
= e^2 ;; \exp(2)
= -1 ;; e^{i\pi}
= 3 ;; \log_2 8 ;; \log_{2}(8) ;; \lfloor \pi \rfloor
= 2 ;; \log 100
= \ln 2 ;; \log_e 2
= \frac{\ln 3}{\ln 2} ;; \log_2 3
= \ln 8 ;; 3\ln 2
= 1+274i ;; 274i+1
= 6+9i ;; 3(2+3i)
= \frac{\pi}{4} ;; \arctan 1
= \frac{\pi}{6} ;; \sin^{-1} \frac{1}{2}
= \binom{5}{2} ;; 10
= 4 ;; \lceil \pi \rceil
= 5 ;; |3+4i|
≠ 4 ;; 4\sqrt{2} ;; 4\sqrt(2)
≠ \sqrt{2} ;; 1.41421356 ;; 1.4142135623730950488016887242096980785696718753769 ;; \sqrt{3}
≠ \sqrt{2} ;; \pm\sqrt{2} ;; \sqrt{2}+10^{-70}
≠ 1-\frac{1}{\mathrm{e}} ;; 1+\frac{1}{\mathrm{e}}
≠ 9\pi ;; 9 ;; 28.27
≠ \pi ;; \frac{355}{113} ;; \pi + \frac{1}{10^{100}}
≠ \log 2 ;; \ln 2
≠ \sin 45 ;; \sin 45^\circ
≠ 1+274i ;; 1-274i
≠ 262537412640768744 ;; e^{\pi\sqrt{163}}
≠ \frac{\pi}{2^{300}} ;; \frac{\pi}{2^{299}}
≠ 2 ;; \log 2
≠ 2\sqrt{3} ;; \sqrt{6}
≠ \sqrt{12} ;; \sqrt{1}2
≠ 0 ;; \pi-3.14159265358979

# percent
= 20\% ;; 20% ;; 20 percent ;; 0.2 ;; \frac{1}{5}
= 0.2 ;; 20\%
= \frac{1}{3} ;; 33\frac{1}{3}\%
= 12.5\% ;; \frac{25}{2} \%
≠ 20\% ;; 20 ;; 2\% ;; 0.02 ;; 20 cm
≠ 20 ;; 20\%

# percent asked for
= 20 ;; 20\% ;; 20 percent
= 20\% ;; 20
≠ 20 ;; 0.2 ;; 2\% ;; 30\%

# units
= 10 ;; 10 cm
= 10 \text{ cm} ;; 10
= 10\text{ cm} ;; 10 cm
= 10 cm ;; 10 centimeters ;; 0.1 m
= 10 m ;; 1000 cm
= 10\mathrm{~cm} ;; 10\,\text{cm}
= 25 \text{ cm}^2 ;; 25 square centimeters ;; 25 cm²
= 25 ;; 25\text{ cm}^2
= 36 km/h ;; 10 m/s
= 25 km/h ;; 25 \text{ kilometers per hour}
= 9.8 \text{ m/s}^2 ;; 9.8 m s^{-2}
= 5 ;; \$5 ;; 5 dollars
= \$5 ;; 5 dollars ;; $5
= \$0.50 ;; 50 cents
= \$1,234.50 ;; 1234.50
= 2 hours ;; 120 minutes
= 1/2 \text{ hour} ;; 30 min
= 9\pi \text{ cm}^2 ;; 9\pi
= 3\sqrt{2}\text{ m} ;; 3\sqrt{2}
= 195200 \mathrm{J} ;; 195.2 kJ
= 5 \text{ units} ;; 5
= 5 ;; 5 apples
= 5 m ;; 5m
= 90 ;; 90°F
≠ 10 m ;; 10 cm
≠ 10 cm ;; 10 kg ;; 11 cm
≠ 10 \text{ cm} ;; 10 \text{ cm}^2
≠ 10 ;; 11 cm
≠ 25 km/h ;; 25 m/s
≠ \$5 ;; 5 cents ;; €5
≠ 5 hours ;; 5 minutes
≠ 5 ;; 5m ;; 5 more
≠ 90°F ;; 90°C

# nouns of the problem
= 5 ;; 5 apples ;; 5\text{ red apples} ;; 5 Apple
≠ 5 ;; 5 oranges ;; 6 apples ;; 5 more apples ;; 5 or apples

# angles
= 106^\circ ;; 106
= 106 ;; 106^\circ
= 336 ;; 336^{\circ}
= 30^\circ ;; 30° ;; 30 degrees ;; 30\text{ degrees} ;; \frac{\pi}{6}
= 30^\circ ;; \frac{\pi}{6} \text{ radians}
= \frac{\pi}{6} ;; 30^\circ
= 22.5^\circ ;; 22\frac{1}{2}^\circ
≠ 30^\circ ;; 60^\circ ;; 30 \text{ radians} ;; 30\pi ;; 0.5236

# sets and lists
= \{1,2,3\} ;; \{3,2,1\}
= \{1,2\} ;; 1, 2
= 1, 2 ;; 2, 1 ;; 1 and 2 ;; \{1, 2\}
= 1331 and 1728 ;; 1728, 1331
= \{1,1,2\} ;; \{1,2\}
= \{5\} ;; 5
= 5 ;; \{5\}
= \{1\pm\sqrt{5},-2\} ;; \{-2, 1-\sqrt{5}, 1+\sqrt{5}\}
= 1\pm\sqrt{5} ;; 1+\sqrt{5}, 1-\sqrt{5}
= \pm 2 ;; 2, -2 ;; x = 2 \text{ or } x = -2
= x = \pm 2 ;; -2, 2
= x=1, x=2 ;; 1, 2
= \emptyset ;; \{\} ;; \varnothing ;; no solution
= \text{No solutions} ;; \emptyset
= \{\frac{1}{2}, 3\} ;; \{3, 0.5\}
= \left\{1, 2\right\} ;; {1, 2}
= 100, 200, 300 ;; 100,200,300
= 1, 234 ;; 1,234
= \{(1,2),(3,4)\} ;; (3,4), (1,2)
≠ 1331 and 1728 ;; 1728
≠ 1331 ;; 1331 and 1728
≠ \{1,2,3\} ;; \{1,2\}
≠ \{1,2\} ;; \{1,2,3\} ;; \{1,3\} ;; (1,2)
≠ 1, 2 ;; 1, 1
≠ 1, 1, 2 ;; 1, 2, 2
≠ 2 ;; \pm 2
≠ \pm 2 ;; 2 ;; \pm 3
≠ \{(1,2),(3,4)\} ;; (2,1), (3,4)
≠ \emptyset ;; 0 ;; \{0\}
≠ 5 ;; 5 or 6 ;; \{5, 7\}

# tuples
= (1,2) ;; (1, 2) ;; \left(1,2\right) ;; 1, 2 ;; (x,y) = (1,2) ;; x = 1, y = 2
= (\frac{1}{2}, 3) ;; (0.5, 3)
= \left( 3, \frac{\pi}{2} \right) ;; (3, π/2)
= (6,31,-1) ;; (6, 31, −1)
= (1,2,3) ;; \langle 1,2,3 \rangle ;; [1,2,3]
= (x,y) = (1,2) ;; (1,2)
≠ (1,2) ;; (2,1) ;; 2, 1 ;; (1,2,3) ;; \{1,2\} ;; 1
≠ 1 ;; (1,2)
≠ (6,31,-1) ;; (6,31,1)
≠ (3,4) ;; 3.4
≠ (1,234) ;; 1234

# intervals and inequalities
= [0,1] ;; 0\le x\le 1 ;; 0 ≤ x ≤ 1 ;; x \in [0,1] ;; \lbrack 0, 1 \rbrack
= (0,1] ;; ]0,1] ;; 0<x\leq 1 ;; 1 \ge x > 0
= (-1,1) ;; |x| < 1
= (3,\infty) ;; x>3 ;; 3 < x ;; (3,∞) ;; (3,+\infty) ;; （3，∞）
= (-\infty,2] ;; x \le 2
= x > 3 ;; (3, infinity)
= (0,9) \cup (9,36) ;; (9,36)\cup(0,9) ;; 0<x<9 \text{ or } 9<x<36
= (-\infty,-1)\cup(1,\infty) ;; x<-1 \text{ or } x>1
= (-\infty,\infty) ;; \mathbb{R}
= \mathbb{R} ;; all real numbers
= (0, 1) ;; \{x \mid 0 < x < 1\}
= \left[\frac{1}{2}, 1\right) ;; [0.5, 1)
= x + y < 3 ;; 3 > x + y
= 2x + 2y \le 6 ;; x + y \le 3
= x \neq 3 ;; x ≠ 3
≠ [0,1] ;; (0,1) ;; [0,1) ;; 0 < x < 1 ;; \{0,1\}
≠ (3,\infty) ;; x<3 ;; x \ge 3 ;; (-\infty,3)
≠ 3 ;; x > 3 ;; x \neq 3
≠ x > 3 ;; y > 3
≠ (0,9) \cup (9,36) ;; (0,36) ;; (0,9)
≠ x + y < 3 ;; x + y > 3 ;; x + y \le 3
≠ (-\infty,\infty) ;; (0,\infty)
≠ 1<x<3 ;; x>1 \text{ and } x<4

# names and equations
= 3 ;; x=3 ;; x = \frac{6}{2} = 3 ;; 3 = x
= x=3 ;; 3 ;; x = 3
= 33 ;; m+n=33 ;; m + n = 10 + 23 = 33
= 5 ;; AB = 5 ;; f(2) = 5
= 30^\circ ;; \angle ABC = 30^\circ
= \frac{1}{2} ;; P(A) = \frac{1}{2}
= 524288 ;; 2^{19} = 524288
= y = 2x + 3 ;; 2x + 3 ;; y = 3 + 2x ;; 2x - y + 3 = 0 ;; y - 3 = 2x
= 5x - 7y + 11z + 4 = 0 ;; -5x + 7y - 11z = 4 ;; 10x - 14y + 22z + 8 = 0
= x^2+y^2=4 ;; y^2+x^2-4=0
= 3x-1y+13=0 ;; 3x - y + 13 = 0
= f(x) = x^2 ;; x^2 ;; y = x^2
= \frac{1}{3} ;; \frac{1}{3} \approx 0.333
= x_1 = 2 ;; x_{1} = 2
≠ x=3 ;; y=3 ;; x=4
≠ P(A) = \frac{1}{2} ;; P(B) = \frac{1}{2}
≠ f(2) = 5 ;; f(3) = 5
≠ f(x) = x^2 ;; f(y) = x^2
≠ 3 ;; x=4 ;; x = 3 = 5 ;; 5 = 3
≠ 6 ;; 2x=6
≠ 33 ;; 33 = 34
≠ y = 2x + 3 ;; x = 2y + 3 ;; y = 2x - 3 ;; 2x - y = 0
≠ 3x-1y+13=0 ;; 3x+4y+14=0
≠ 3*x-1*y+13=0 ;; 3x+4y+14=0
≠ x^2+y^2=4 ;; x^2+y^2=2 ;; 4
≠ x+y=2 ;; x-y=2

# expressions
= x^2-1 ;; (x-1)(x+1)
= x^3+3x-6 ;; 3x - 6 + x^3
= 5r^5 ;; 5 r^{5}
= 3R^2 ;; 3R²
= 2k ;; k \cdot 2
= \frac{x+1}{2} ;; \frac{x}{2}+\frac12
= \cot x ;; \frac{\cos x}{\sin x} ;; \cot(x)
= \sin 2x ;; 2\sin x\cos x
= \sin^2 x ;; 1 - \cos^2 x ;; (\sin x)^2
= \tan x ;; \frac{\sin x}{\cos x}
= e^{x+1} ;; e \cdot e^x
= \ln(x^2+1) ;; \ln(1+x^2)
= (a+b)^2 ;; a^2+2ab+b^2
= \frac{1}{x} ;; x^{-1}
= \sqrt{x^2} ;; |x|
= |x-1| ;; |1-x|
= n! ;; n \cdot (n-1)!
= \frac{n(n+1)}{2} ;; \binom{n+1}{2}
= 2^{n+1} ;; 2 \cdot 2^n
= x^{2}y^{3} ;; y^3x^2
= x_1 + x_2 ;; x_2+x_1
= \alpha+\beta ;; β+α
= x^2+C ;; C + x^2
= \frac{a}{b} ;; a/b
≠ x^2-1 ;; (x-1)^2 ;; x^2+1
≠ x^2 ;; y^2
≠ x^2+C ;; x^2
≠ \cot x ;; \tan x ;; \cot y
≠ \sin 2x ;; 2\sin x ;; \sin(2)x
≠ 5r^5 ;; 5r
≠ 2k ;; 2 ;; k
≠ k ;; 2k
≠ x ;; |x| ;; 2x \text{ or } x
≠ \sqrt{x^2} ;; x
≠ \frac{1}{x+1} ;; \frac{1}{x}+1
≠ e^x ;; x^e
≠ ab ;; a+b
≠ x+10^{-70} ;; x
≠ (x-1)(x-2)(x-3) ;; 0
≠ x_1 ;; x_2
≠ 2^{n+1} ;; 2^n+1

# matrices
= \begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix} ;; \begin{pmatrix} 0.2 \\ -3.6 \end{pmatrix}
= \begin{pmatrix} 1/5 \\ -18/5 \end{pmatrix}
    ;; \begin{bmatrix} \frac{1}{5} \\ -\frac{18}{5} \end{bmatrix}
= \begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix}
    ;; \begin{pmatrix}-\frac13\\\frac23\\\frac53\end{pmatrix}
= \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}
    ;; \left(\begin{array}{cc} 1 & 2 \\ 3 & 4 \end{array}\right)
= \begin{pmatrix} x & 0 \\ 0 & x \end{pmatrix}
    ;; \begin{pmatrix} x & 0 \\ 0 & \frac{2x}{2} \end{pmatrix}
≠ \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} ;; \begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}
≠ \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} ;; \begin{pmatrix} 1 & 2 & 3 & 4 \end{pmatrix}
≠ \begin{pmatrix} 1 \\ 2 \end{pmatrix} ;; \begin{pmatrix} 1 & 2 \end{pmatrix} ;; (1, 2) ;; 1
≠ \begin{pmatrix} 1 \\ 2 \end{pmatrix} ;; \begin{pmatrix} 1 \\ 3 \end{pmatrix}

# bases
= 1010_2 ;; 1010_2 ;; 1010_{2} ;; 1010 ;; 01010_2 ;; 1010 base 2 ;; (1010)_2
= FF_{16} ;; ff_{16}
= 10 ;; 1010_2
≠ 1010_2 ;; 1010_3 ;; 10 ;; 1011_2 ;; 22_4
≠ 1010 ;; 1010_2
≠ 12_3 ;; 12_2

# base asked for
= 1010 ;; 1010_2
≠ 10 ;; 1010_2
≠ 1010 ;; 1011_2

# choice
= B ;; B ;; B. ;; (B) ;; \text{B} ;; \textbf{(B)} ;; B) 3.6 eV ;; \text{B: } 3.6 ;; \mathrm{B}
= B ;; Option B ;; (b)
= (B) ;; B
= B. 3.6 eV ;; B ;; 3.6 eV
= D. Birch ;; birch
= E ;; \text{E} ;; E: text of the option
≠ B ;; A ;; C) B ;; A or B ;; A, B ;; AB ;; not B ;; b
≠ B. 3.6 eV ;; C ;; 3.7 eV
≠ D. Birch ;; Oak
≠ D ;; \text{isolated D inside}

# choice with options in the problem
= B ;; b ;; b.
≠ B ;; a

# text
= \text{east} ;; east ;; East ;; \text{East.} ;; \mathrm{east} ;; "east"
= Evelyn ;; Evelyn. ;; \text{Evelyn}
= True ;; true ;; \text{True}
= Saturday ;; saturday
= the hollow sphere ;; hollow sphere
= \text{does not exist} ;; DNE
= even ;; \textbf{even}
≠ \text{east} ;; seat ;; west ;; east and west ;; 5
≠ 5 ;; five hundred men
≠ True ;; False
≠ Evelyn ;; Eve
≠ \text{no} ;; \text{not no}

# ratio
= 3:4 ;; 3 : 4 ;; \text{3:4}
≠ 3:4 ;; 4:3
≠ 3:45 ;; 1:15

# ratio asked for
= 3:4 ;; 6:8
= 1:2:3 ;; 2:4:6
≠ 3:4 ;; 4:3 ;; 3:5

# hostile
= x^{2} ;; x^2
≠ 5 ;; __import__("os").system("x") ;; eval(5) ;; \input{5} ;; \dfrac{5^{(5^{(5^{(5^5)})}-4)}-5}{16}
≠ 5 ;; 9^{9^{9^{9}}} ;; 9**9**9**9 ;; \log(\log(\log(10^{10^{100}}))) ;; 100000000! ;; 5!!!!
≠ 5 ;; ((5!)!)! ;; 10^{10^{10}} ;; e^{e^{e^{9}}} ;; \frac{1}{0} ;; \frac{5 ;; 5 \\ 6 ;; \det(5)
≠ 5 ;; \int_0^5 dx ;; \lim_{x \to 5} x ;; 5 \pmod 7 ;; f(5) ;; \square ;; ?
≠ 5 ;; \ldots ;; 5\ldots

# written after the verifier
= 12 ;; 12 units
= \frac{7}{12} ;; 7/12.
= x=2,-3 ;; x=-3,2
= \sqrt{5}-1 ;; -1+\sqrt{5}
= 25\pi ;; 25\pi\text{ square units}
= \frac{\pi}{4} ;; 45^\circ
= (3,-2) ;; \left(3,\,-2\right)
= a^{b+c} ;; a^b a^c
= \frac{1}{\sqrt{3}+\sqrt{2}} ;; \sqrt{3}-\sqrt{2}
= 2^{-1/2} ;; \frac{\sqrt{2}}{2}
= \frac{x}{y} ;; x y^{-1}
= 16! ;; 20922789888000
= \binom{20}{10} ;; 184756
= \frac{-3+\sqrt{17}}{2} ;; \frac{\sqrt{17}-3}{2}
= [-3,5) ;; -3\leq x<5
= (-\infty,1)\cup(1,\infty) ;; x<1\text{ or }x>1
= \text{Tuesday} ;; Tuesday
= y=-\frac{1}{2}x+4 ;; x+2y=8
= 0 ;; \sin\pi
= 1 ;; -\cos\pi
= \sqrt{-9} ;; 3i
= \frac{1+i}{2} ;; 0.5+0.5i
= 10^{100} ;; 10^{99}\cdot10
= 1.5 ;; \frac32
= 1{,}000 ;; 1000
= \{-1,0,1\} ;; \{0,\pm1\}
= \frac{p}{q}=\frac{3}{4} ;; \frac{3}{4}
= 3\frac{1}{7} ;; 22/7
= \cos^2\theta-\sin^2\theta ;; \cos2\theta
= \log_3 7 ;; \frac{\log 7}{\log 3}
= e^{\ln 5} ;; 5
= \frac{n^2+n}{2} ;; n(n+1)/2
= 6! ;; 720
= \lceil 2.1\rceil ;; 3
= 5\times10^{-3} ;; 0.005
= \text{C} ;; (C)
= \mathrm{(D)} ;; D
= No solution ;; \text{no solution}
= (2,3] ;; (2, 3]
= \sec^2x ;; 1+\tan^2x
= |a| ;; \sqrt{a^2}
= \sqrt[3]{-27} ;; -3
= \tfrac{3}{8}\text{ inch} ;; 0.375 inches
= 1 hour 30 minutes ;; 1 hour 30 minutes
= 40,320 ;; 8!
= \frac{2}{\sqrt[3]{4}} ;; \sqrt[3]{2}
= \pi r^2 h ;; h\pi r^2
= t^2-2t ;; t(t-2)
= (x+1)^2(x-1) ;; (x-1)(x+1)^2
≠ 12 ;; 12^2 ;; 1/12 ;; 1\frac{2}{1}
≠ \frac{7}{12} ;; \frac{12}{7}
≠ x^2 ;; 2x
≠ \sqrt{5} ;; 5
≠ 25\pi ;; 25
≠ (3,-2) ;; (-3,2)
≠ \log 8 ;; 3
≠ x+1 ;; x-1
≠ [-3,5) ;; [-3,5]
≠ 2 ;; 2.0000001 ;; 1.9999999999 ;; \boxed{}2 3
≠ \frac{1}{3} ;; 0.\overline{33}4
≠ 10^{100} ;; 10^{100}+1
≠ e ;; 2.718281828459045
≠ \text{Tuesday} ;; Thursday
≠ 7 ;; 7 or -7 ;; \{7,8\} ;; 7\text{ and some more} ;; 7\ne 8 ;; 7>6 ;; 7+0i+1 ;; 7:1 ;; (7)(1)(1)1
≠ 7 ;; 07.1 ;; \sqrt{7}^2 x ;; seven eight ;; 7 mod 8 ;; 7 = 8 ;; x=7=y=8
≠ i ;; -i
≠ \sin x ;; \cos x ;; \sin y
≠ a_n ;; a_m
≠ \ln x ;; \log x
≠ x^{1/2} ;; x^{1/3}
≠ 3:2 ;; 2:3
≠ A ;; B ;; a
≠ \{1,2\} ;; \{1,2,2,3\}
≠ \begin{pmatrix}1&2\end{pmatrix} ;; 1,2,3
≠ \emptyset ;; \{\emptyset,1\}
≠ 100 ;; 100\%
≠ 1 ;; 100 ;; 0.99999999999999999999999999999999999999999999999999999999999
≠ 5\text{ kg} ;; 5\text{ g}
≠ 5 ;; 5e1 ;; 5^{0.999999999}
≠ \infty ;; 10^{999}
≠ y=x ;; y=-x
≠ x>1 ;; x>1.0001
≠ \frac{1}{x} ;; \frac{1}{|x|}
≠ 0 ;; 10^{-1000} ;; \sin 3.14159265358979323846264338327950288419716939937510582097494459
≠ x ;; \lim x
≠ 10 ;; 1010_{2} \text{ or } 10
"""
"""Categories of lines ``= reference ;; answer ;; answer ...``; in lines with ≠, all are wrong."""


def pairs(table: str, problems: Mapping[str, str]) -> list[Pair]:
    """Read a table; a line that begins with ``;;`` continues the line before it.

    Args:
        table: Its text.
        problems: Category -> the problem of its pairs.
    """
    labelled_pairs, category = [], ""
    for line in table.replace("\n    ;;", " ;;").split("\n"):
        mark, _, text = line.partition(" ")
        if mark == "#":
            category = text
        elif text:
            reference, *answers = text.split(" ;; ")
            problem = problems.get(category, "")
            labelled_pairs += [Pair(category, reference, a, mark == "=", problem) for a in answers]
    return labelled_pairs


PAIRS = pairs(TABLE, PROBLEMS)
