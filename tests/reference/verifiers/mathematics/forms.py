"""Forms of answers that models and problem sets write, judged by hand; the format of ``labelled``.

The rows of a category stand for a kind: a form that a verifier may read, or a false positive that
it must not fall for. Rows whose verdict can be argued are in the last category.
"""

from tests.reference.verifiers.mathematics.labelled import pairs

PROBLEMS = {"percent increase": "By what percent did the price increase?"}

TABLE = r"""
# plain
= 80000 ;; \$80{,}000 ;; 80,000 dollars
= [0,1] ;; x\in[0,1]
= 1, 2 ;; n\in\{1,2\}
= x\in[0,1] ;; [0,1]
≠ 是 ;; 否
≠ Zoé ;; Anna
= Zoé ;; zoé
≠ ①③ ;; 13
= \begin{pmatrix}1/2&1\\3/2&2\end{pmatrix} ;; \frac{1}{2}\begin{pmatrix}1&2\\3&4\end{pmatrix}
= \begin{pmatrix}1\\2\end{pmatrix} ;; \begin{pmatrix}1\\[4pt]2\end{pmatrix}
= (3,4) ;; \begin{cases} x = 3 \\ y = 4 \end{cases}
≠ A ;; (A) or (B) ;; A. or B. or C. or D.
= x^2+1 ;; p(x)=x^2+1 ;; Q(x)=x^2+1 ;; f^{-1}(x)=x^2+1 ;; P(x)=x^2+1
= 3t^2 ;; v(t)=3t^2
= 2^n ;; T(n)=2^n ;; a_n=2^n\text{ for all }n\ge1
= \frac13 ;; P(X=2)=\frac13
≠ a_1 ;; a_2
≠ a_{12} ;; A_{12}
≠ (1,2) ;; y=1, x=2 ;; (y,x)=(1,2)
≠ \begin{pmatrix}1&2\\3&4\end{pmatrix} ;; \begin{vmatrix}1&2\\3&4\end{vmatrix}
= 10,\! 080 ;; 10080
= 11111111100 ;; 11,\! 111,\! 111,\! 100
= -5 ;; ‑5
= \frac{\pi}{6} ;; 𝜋/6
= x \ge 3 ;; x≧3
= 5 ;; 5\ \Omega ;; \$5\text{ per hour} ;; 5\text{ cm}
= 100 ;; 100\ \mu\text{m}
= \frac{1}{2} ;; \mathbf{\frac{1}{2}}
= 20 ;; 20\,\mathrm{cm^{2}}
= 90 ;; 90\degree
= 42 ;; \textcolor{red}{42}

# both signs
= \pm(1,2) ;; (1,2),(-1,-2)
≠ (\pm1,\pm2) ;; (1,2),(-1,-2)
= x=3 or x=-3 ;; x\in\{-3,3\}
= \pm 3 ;; +-3

# characters
= -5 ;; ‐5
= \alpha ;; 𝛼
= \mathbb{R}\setminus\{3\} ;; \mathbb{R} \backslash \{3\} ;; (-\infty,3)\cup(3,\infty) ;; ℝ∖{3}
= 3:4 ;; 3∶4
= 42 ;; 42✅ ;; 「42」
= x \le 3 ;; x≦3

# false positives
≠ \ln(x^2) ;; 2\ln x
≠ 5 ;; [5] ;; 5.. ;; 5; ;; 5? ;; 5,
≠ 1/2/2003 ;; \frac{1}{4006}
≠ 555-1234 ;; -679
≠ 12 ;; 1\!2
≠ (1,2) ;; b=1,a=2
≠ \{\{1\}\} ;; \{1\}
≠ 3-2 ;; 1

# degrees
= 90 ;; 90^o ;; 90^{\text{o}} ;; \ang{90} ;; 90 deg
= \frac{\pi}{2} ;; 90\degree

# labels
= ①③ ;; ①、③
= II and III only ;; II and III
= A ;; A (not B)
= AC ;; A, C
= ACD ;; A,C,D
≠ A ;; A) or B)
= True ;; T

# names in front
= t^2+1 ;; v(t)=t^2+1
= 12 ;; 100a+b=12 ;; [ABC]=12 ;; n_{\min}=12 ;; a^2+b^2=12
= 1, 2 ;; x\in\{1,2\}
= x^2+1 ;; f(x)\equiv x^2+1
= xy=1 ;; y=\frac{1}{x}
= \frac13 ;; \Pr(X=2)=\frac13
= a\in(1,2) ;; (1,2)

# LaTeX
= \binom{5}{2} ;; ^5C_2 ;; {5 \choose 2} ;; C_5^2
= 12 ;; 12\ \text{✓} ;; \#12
= 7 ;; \max(3,7)
= 3+4i ;; 3+4j
= \sqrt{18} ;; 3\sqrt{\phantom{}2}
= \begin{pmatrix}1&2\\3&4\end{pmatrix} ;; [[1,2],[3,4]]
= 2^n ;; a_n=2^n, n\in\mathbb{N}
= 24 ;; \operatorname{lcm}(8,3)
= 5 ;; \mathbin{5}
= \begin{pmatrix}1\\2\end{pmatrix} ;; \begin{pmatrix}1&2\end{pmatrix}^T
= \frac{3}{4} ;; ^3/_4
= O(n\log n) ;; \mathcal{O}(n \log n)
= \mathbf{i}+2\mathbf{j} ;; \hat{i}+2\hat{j}

# units
= 1.5 hours ;; 1 hour and 30 minutes
= 3 ;; 3\text{ ways}
= 60 ;; 60\text{ rpm}
= -50 ;; \$-50
= 1.5 h ;; 1 h 30 min
= \$5 ;; \$5\text{ per hour}
= 5 ;; 5 Ω ;; 5\text{ acres}
= 2000 ;; 2000\text{ US dollars} ;; \text{USD }2{,}000
= 2 ft ;; 2'
= 500 ;; 500元
= 9.8 ;; 9.8\,\mathrm{m\,s^{-2}}
= 100 ;; 100 μm

# commas and points
= 0.125 ;; 0,125
= 11111111100 ;; 11'111'111'100 ;; 11’111’111’100 ;; 11.111.111.100 ;; 11,11,11,11,100
= 3.14159 ;; 3,14159
= 1234.5 ;; 1 234,5

# other languages
= 2, 3 ;; x=2或x=3
= \emptyset ;; 无解
= 无解 ;; \text{方程无解}
= 36平方厘米 ;; 36 平方厘米 ;; 36
= 3.5万 ;; 35000
= 5 ;; 5个
≠ 36平方厘米 ;; 37平方厘米
= ①③ ;; ③①

# percent increase
= 25 ;; 25\%\text{ increase}
= 50 ;; 50\\%

# sets of real numbers
= (2,3] ;; x>2\text{ and }x\le3
= (-\infty,3) ;; x\in(-\infty,3)
= \mathbb{Z} ;; \mathbb Z
= x\neq 0 ;; (-\infty,0)\cup(0,\infty)

# no value and infinity
= \text{DNE} ;; \text{The limit does not exist}
= \infty ;; Infinity ;; 2\infty
= 0 ;; \frac{1}{\infty}

# reference style
= 11,\! 111,\! 111,\! 100 ;; 11111111100
= 90^{\circ} ;; 90\degree

# indices
= F_2 ;; F_{2}
= e_1 ;; e_{1}
= d_1 ;; d_{1}
= 1010_2 ;; 1010_{two}

# wrappers
= 20 ;; 20\mathrm{~cm^{2}}
= x^2 ;; \mathbf{x^{2}}
= \frac{1}{2} ;; \text{The probability is }\frac{1}{2}

# more of each kind
= 4 ;; q(2)=4 ;; \gcd(12,8) ;; \min(4,9) ;; \sum_{k=1}^{4} 1 ;; \prod_{k=1}^{2} 2
    ;; 4\text{ people}
= 55 ;; \sum_{k=1}^{5} k^2 ;; \displaystyle\sum_{k=1}^{10} k
= 1+\sqrt{2}+\sqrt{3} ;; \sum_{k=1}^{3} \sqrt{k}
= [1,3] ;; [1,2]\cup[2,3] ;; [1,2)\cup[2,3] ;; [0,3]\cap[1,5]
= (-\infty,\infty) ;; (-\infty,3)\cup[3,\infty)
≠ [1,3] ;; [1,2)\cup(2,3] ;; [1,2]\cup[2,4]
≠ x\neq 0 ;; (-\infty,0)\cup(1,\infty) ;; x\neq 1
≠ \mathbb{R}\setminus\{3\} ;; \mathbb{R} ;; (-\infty,3)\cup[3,\infty) ;; \mathbb{R}\setminus\{4\}
= 2^{1000000} ;; 4^{500000} ;; 2\cdot 2^{999999}
≠ 2^{1000000} ;; 2^{1000000}+1 ;; 4^{500001} ;; 3^{1000000}
= (\pm1,\pm2) ;; (1,2),(1,-2),(-1,2),(-1,-2)
= (2,1) ;; y=1, x=2 ;; (y,x)=(1,2) ;; b=1, a=2
= (2,3) ;; m=2, b=3
= \begin{pmatrix}2&4\\6&8\end{pmatrix} ;; 2\begin{bmatrix}1&2\\3&4\end{bmatrix}
    ;; \begin{pmatrix}2&6\\4&8\end{pmatrix}^{\top}
≠ \begin{pmatrix}2&4\\6&8\end{pmatrix} ;; 2\begin{bmatrix}1&2\\3&5\end{bmatrix}
    ;; \begin{pmatrix}2&6\\4&8\end{pmatrix}
= -2 ;; \begin{vmatrix}1&2\\3&4\end{vmatrix} ;; \left|\begin{array}{cc}1&2\\3&4\end{array}\right|
= x=3, y=4 ;; \begin{aligned} x &= 3 \\ y &= 4 \end{aligned}
= \begin{cases} x & x>0 \\ -x & x\le 0 \end{cases}
    ;; \begin{cases} x & \text{if } x>0 \\ -x & \text{if } x\le 0 \end{cases}
≠ \begin{cases} x & x>0 \\ -x & x\le 0 \end{cases}
    ;; \begin{cases} -x & x>0 \\ x & x\le 0 \end{cases}
= 20 ;; \mathrm{20} ;; \mathbf{20\,\mathrm{cm}^{2}} ;; \color{blue}20 ;; {\color{red}{20}}
    ;; ２０ ;; 𝟐𝟎 ;; \colorbox{red}{20}
= k\pi ;; k\pi, k \in \mathbb{Z} ;; k\pi \text{ where } k \text{ is an integer}
    ;; k\pi\ (k\in\mathbb{Z})
= B ;; \text{Option B} ;; B (not A) ;; (B) birch
≠ B ;; A (not B) ;; (B) and (C) ;; B, C ;; A or B ;; B/C
≠ ACD ;; AC ;; A,C ;; A, C, E
= \text{II and III} ;; III and II ;; II, III
≠ \text{II and III} ;; I and III ;; I, II and III
= 120\text{ km/h} ;; 120 ;; 120 公里/小时
= 5 ;; 5 kΩ ;; 5\ \mu\text{s} ;; 5厘米 ;; 5 trees ;; $5
≠ 5 m ;; 5 s ;; 5厘米 ;; 5 trees ;; 5\ \mu\text{m}
= 5\ \text{trees} ;; 5 tree ;; 5 tall trees
≠ 5\ \text{trees} ;; 5 birds ;; 6 trees
= 5\text{ ft }6\text{ in} ;; 66 inches ;; 5.5 ft
= 150 ;; 150 minutes
= 2.5 hours ;; 2 h 30 min ;; 150 minutes ;; 2小时30分钟
≠ 2.5 hours ;; 2 h 50 min
= Жёлтый ;; жёлтый
≠ 对 ;; 错 ;; 5
≠ 第3天 ;; 第4天 ;; 3
= \text{no real solutions} ;; 无实数解 ;; There are no real roots ;; \emptyset ;; keine Lösung
= 3.5 ;; 3,5 ;; 3{,}5
≠ 3.5 ;; 3,6 ;; 35
≠ 1234 ;; 1.234 ;; 1,235
= 1234567.5 ;; 1.234.567,5 ;; 1'234'567.5 ;; 1 234 567,5
= -\infty ;; -2\infty ;; 3-\infty
≠ \infty ;; -\infty ;; \infty-\infty ;; 0\cdot\infty
≠ 3+4i ;; 3-4j ;; 3+4k
= P(A\cap B) = \frac{1}{6} ;; \frac16
= f^{-1}(x) = 2x ;; 2x ;; y = 2x
≠ f^{-1}(x) = 2x ;; f(x) = 2x ;; 3x
≠ x(x+1)=6 ;; 6
≠ 6 ;; x(x+1)=6 ;; 2x=6 ;; x^2+y^2=6
= 45^\circ ;; 45 deg ;; 45^{o} ;; \ang{45} ;; 45\degree ;; 45 degrees
= 90% ;; 90\\%
≠ False ;; T
= \frac{7}{2} ;; \text{The total is } 3.5 ;; The area is \frac{7}{2}
≠ 5 ;; The answer is not 5 ;; The area is 5 or 6
= 10 ;; \binom{5}{3} ;; {}_5C_3
= 5 ;; \large 5 ;; \small{5} ;; \tiny 5 ;; \bbox[5px,border:2px solid]{5} ;; 5\\ ;; 5（个） ;; 五
    ;; 五个
= 30^\circ ;; 30 \text{ deg} ;; 30度 ;; 三十度
= 100\text{ km/h} ;; 100\text{千米/时} ;; 100（公里/小时）
= 5\% ;; 百分之五
= \frac{3}{4} ;; 四分之三 ;; 零点七五
= \frac{7}{2} ;; 三又二分之一
= 12345 ;; 一万二千三百四十五
= 2024 ;; 二〇二四
= -110 ;; 负一百一十
= \begin{pmatrix}1&2\\3&4\end{pmatrix} ;; \pmatrix{1&2\cr 3&4}
= \begin{pmatrix}1\\2\end{pmatrix} ;; (1,2)^\top ;; [1,2]^{T}
= x\ge 1 ;; x大于等于1 ;; x不小于1

# near misses
≠ 5 ;; 六 ;; 5（厘米）+1 ;; 五六 ;; \large 6 ;; 二分之五 ;; 五或六
≠ 30^\circ ;; 30（弧度） ;; 三度
≠ 5\text{ cm} ;; 5（米）
≠ (1,2) ;; (1,2)^\top
≠ 第一象限 ;; 第二象限
≠ x>1 ;; x大于等于1 ;; x不大于1
≠ 5 ;; 5 or 6 apples ;; 5 not 6 ;; 5 incorrect ;; 5 and 6 ;; 5 cm + 3 ;; 5 if x>0
    ;; 5, 6 trees ;; 5 at least ;; 5x trees
≠ 12 ;; a+b=12 and c=3 ;; a^2=12 ;; x+2y=12 ;; a+b>12 ;; a+b \neq 12
≠ (1,2) ;; x=2,y=1 ;; (1,2),(2,1) ;; \{1,2\} ;; (1,2]
≠ 8 ;; x^3=8 ;; 2^3 or 3^2 ;; 2^{3}x
≠ [0,1] ;; [0,1) \cup (1,2] ;; [0,1]\cup\{2\} ;; 0 ;; x\in(0,1)
≠ (0,1) ;; (0,1)\setminus\{0.5\} ;; \mathbb{R}
≠ 3 ;; 3 \cup 4 ;; \min(3,2) ;; \max(2,3,4) ;; \gcd(6,9,5) ;; \sum_{k=1}^{3} k ;; 3:1 ;; 3\%
    ;; 3万 ;; 3 dozen
≠ \frac{1}{2} ;; \frac{1}{2}\begin{pmatrix}1\end{pmatrix}
    ;; \text{The probability is not }\frac{1}{2} ;; \text{The odds are } 1:2
≠ x^2 ;; f(x^2) ;; f(x)=x^2+1 ;; x^2 for x<0 or x
≠ B ;; B or C ;; (B) and/or (C) ;; A, B ;; not B ;; B) or C) ;; B C
≠ 2.5 ;; 2,5,1 ;; (2,5) ;; \{2,5\} ;; 25
≠ 10 cm ;; 10 kg ;; 10 trees ;; 10 per cm
≠ 90^\circ ;; 90\text{ rad} ;; 9^o ;; 90^0
≠ 无解 ;; 有解 ;; 0 ;; 1
≠ \text{no} ;; \text{yes} ;; \text{no solution}
≠ True ;; F ;; x ;; False
≠ 1 ;; \frac{\infty}{\infty} ;; e^{\infty} ;; \circled{1} ;; ①
= 0.5 ;; 0,5 ;; \frac{1}{2} trees
= 1 ;; 1 tree
≠ 2^{1000000} ;; 2^{1000000}+2^{-1000000}

# settled in the table of the verifier
= 5 ;; ~5 ;; $5
= x ;; \frac{x^2}{x}
= 8 ;; 2^3
≠ \frac{4}{3} ;; 1.3333333
≠ 3:30 ;; 15:30
"""

FORMS = pairs(TABLE, PROBLEMS)
