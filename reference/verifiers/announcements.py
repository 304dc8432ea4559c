r"""Sentences that announce an answer, in the languages that models write.

    The final answer is 42.    **Answer:** 42    ## Final Answer      La respuesta es 42.
    答案：42    所以答案是 42。    故选 B    答え：42    정답은 42입니다.    Ответ: 42

- The last announcement counts. One that only remarks on an answer given before does not: "I hope
  this answer is helpful", "the answer is unique", "the answer is an integer".
- The answer ends with its sentence, or where a remark begins: "72, in total", "5, which is prime",
  "5 (five)".
- "Solution: 42" and "42 is the answer" announce only on the last line: elsewhere they are headings
  or parts of a derivation.
"""

import re

from seed.reference.verifiers.marks import unmarked

LANGUAGES = {
    "English": (r"answers?|ans|correct (?:option|choice|statement)s?", ""),
    "German": (r"antwort", r"ist|lautet|sind|lauten"),
    "French": (r"réponses?|reponses?", r"est|sont"),
    "Spanish": (r"respuestas?", r"es|son|sería"),
    "Portuguese": (r"respostas?", r"é|são"),
    "Italian": (r"rispost[ae]", r"è|sono"),
    "Dutch": (r"antwoord(?:en)?", r"is|luidt|zijn"),
    "Scandinavian": (r"svar(?:et)?", r"är|er|blir|bliver"),
    "Polish": (r"odpowiedź|odpowiedzią", r"to|jest|brzmi"),
    "Czech": (r"odpověď", r"je|zní"),
    "Romanian": (r"răspuns(?:ul)?", r"este|e"),
    "Finnish": (r"vastaus", r"on"),
    "Hungarian": (r"válasz", ""),
    "Turkish": (r"cevap|yanıt", ""),
    "Indonesian": (r"jawaban(?:nya)?|jawapan", r"adalah|ialah|yaitu"),
    "Vietnamese": (r"đáp án|đáp số|câu trả lời", r"là"),
    "Russian": (r"ответ|відповідь|отговор(?:ът)?", r"равен|это|є|е|[—–-]"),
    "Greek": (r"απάντηση", r"είναι"),
    "Arabic": (r"الجواب|الإجابة|الاجابة", r"هو|هي"),
    "Persian": (r"پاسخ|جواب", r"برابر است با"),
    "Hebrew": (r"התשובה|תשובה", r"היא"),
    "Hindi": (r"उत्तर", r"है"),
    "Bengali": (r"উত্তর", r"হল|হলো"),
    "Thai": (r"คำตอบ", r"คือ"),
    "Japanese": (r"答え|解答|正解|回答", r"は"),
    "Korean": (r"정답|답안|해답|답", r"은|는"),
    "Chinese": (r"答案|答", r"(?:應該|应该|应|應|就)?(?:是|为|為|等于|等於|选|選)"),
}
"""Language -> the nouns that announce, and the words between noun and answer beside a colon."""

COLON = r"[:：∶=＝﹕]"
IS = r"(?:is|are|was|equals|becomes|(?:must|should|will|would|has to|can only) be)"
LATER = (
    r"(?:(?:therefore|thus|then|hence|simply|indeed|just|clearly|exactly|equal to"
    r"|also|somit|donc|alors|entonces|portanto|quindi|dunque) +)?"
)
SPACE = r"[ \t]*[*_]{0,3}[ \t]*"
MORE = r"(?:(?:[ \t]+(?:to|for)\b[^\n.:：]{0,80}?|(?:[ \t]+[^\W\d_]+){1,2}?))?"


def _pattern(nouns: str, copulas: str) -> str:
    if nouns.isascii() and not copulas:
        return rf"\b(?:{nouns}){MORE}{SPACE}(?:\b{IS}\b(?: *{COLON})?|{COLON}) *{LATER}"
    written_apart = not re.match(r"[\u0e00-\u0e7f\u1100-\uffff]", nouns)  # Thai, Chinese, ...
    begin, end = (r"(?<![^\W_])", r"(?![^\W_])") if written_apart else ("", "")
    verb = rf"(?:{copulas}){end}(?: *{COLON})?|" if copulas else ""
    return rf"{begin}(?:{nouns}){MORE if written_apart else ''}{SPACE}(?:{verb}{COLON}) *{LATER}"


ANNOUNCEMENT = re.compile(
    "|".join(
        f"(?:{pattern}){SPACE}"
        for pattern in (
            *(_pattern(*words) for words in LANGUAGES.values()),
            # 故选 B: an option, so that the words of a derivation are none.
            r"(?:故|应|應|因此|所以|答案|本题|本題)[选選](?:择|擇)?[:：]?(?=\s*[(（]?[A-J](?![A-Za-z]))",
            r"[【\[［](?:最终|正确|参考|標準|标准)?(?:答案|解答|答)[】\]］]",
            r"(?m:^[#*_ \t]*ans\.[ \t]+(?=[-\d$\\(]))",
            # A heading of its own line: its answer is on the next one.
            r"(?m:^[#*_ \t]*(?:(?:the|my) )?(?:final |correct )?answer[*_ \t]*$)",
        )
    ),
    re.IGNORECASE,
)
OTHER_ANSWER = re.compile(
    r"\b(?:this|that|these|those|your|any|each|every|no|an|another|such|wrong)\s+"
    r"(?:(?:final|last|first|correct|whole)\s+)?$"
    r"|\b(?:if|whether|hope|hoping|unless)\s+(?:that\s+)?(?:(?:the|my|our)\s+)?(?:\w+\s+)?$",
    re.IGNORECASE,
)
"""What stands before a noun that speaks of another answer, or of one given before."""

REMARK = re.compile(
    r"(?:(?:also|indeed|therefore|thus|clearly|always|very|both|now|not only)\s+)*"
    r"(?:unique|helpful|useful|satisfactory|clear|unclear|reasonable|plausible|sensible|consistent"
    r"|verified|confirmed|checked|exact|simplified|expressed|complete|as (?:follows|expected|above)"
    r"|what|given|found|obtained|based|in (?:simplest|lowest|its|the|terms|degrees|radians|units)"
    r"|just ask|independent|supposed|required to|expected to|already"
    r"|an? (?:[a-z]+[ -]){0,3}(?:integer|number|fraction|value|decimal|multiple|percentage)\b)",
    re.IGNORECASE,
)
"""What an announcement holds that remarks on an answer instead of giving one."""

SENTENCE_END = re.compile(
    r"\.[ \t]+(?=(?-i:[^\W\da-z_])|[\\($])"
    r"|[。！；【]|．(?=\s|$)|，(?=[^\W\d_a-z]{2})"
    r"|(?:[.,;]|(?<![ \t]))[ \t]++(?:because|since)\b"
    r"|,[ \t]+(?:which|where|as|in|so|not|with|when|if|given|obtained|rounded)\b"
    r"|,[ \t]+and (?:we|that|this)\b"
    r"|(?<=\d)[ \t]+\((?=[a-z]{3})[a-z -]+\)",
    re.IGNORECASE,
)
"""A run of blanks is tried from its first blank only; from each of them it would take n^2 steps."""

COPULA_BEHIND = re.compile(
    r"(?:です|である|となります?|になります|だ|입니다|이다|이에요|예요|है|است)$"
)
COUNTED_BEFORE = re.compile(r"^(?:一?共|总共|總共)?(?:有|是|需要?)?(?=\s*[$\\(]*\d)")
"""答：一共有5个 says 5个."""
SENTENCE_SIGNS = ".．。,;: \t"
OPTION = r"(?:the )?(?:option|choice|statement|answer)"
LAST_LINE = (
    re.compile(
        r"^(?:(?:die|das|le|la|el|il) +)?(?:lösung|ergebnis|résultat|solution|resultado|solución"
        r"|risultato) +(?:lautet|ist|est|es|è|é) +(?P<answer>.+)$",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:最终|最后|最後|计算)?(?:结果|結果|得数)(?:是|为|為|等于|等於)(?P<answer>.+)$"),
    re.compile(
        rf"^(?:(?:so|thus|hence|therefore),? +)?{OPTION} +(?P<answer>\(?[A-J]\)?) +is"
        r" +(?:the +)?(?:correct|right|best|true)(?: +(?:answer|option|choice|one))?[.! ]*$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:(?:so|thus|hence|therefore),? +)?(?:I +(?:choose|select|pick)|my choice is) +"
        rf"(?:{OPTION} +)?"
        r"(?P<answer>\(?[A-J]\)?)[.! ]*$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:therefore|thus|hence|so|综上(?:所述)?|因此|所以|故)[,，:：]? *"
        r"(?P<answer>\$? *[A-Za-z] *=[^=\n]{1,200})$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^[#*_ \t]*(?:(?:final )?(?:solution|result)|lösung|ergebnis|solución|résultat|resultado|"
        rf"risultato|решение|解答?|结果|結果|풀이){SPACE}{COLON}{SPACE}(?P<answer>.+)$",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:(?:so|thus|hence|therefore),? +)?(?P<answer>[^\n]{1,200}?) +is +(?:the|my|our) +"
        r"(?:(?:final|correct|right) +)?(?:answer|option|choice)[.! ]*$",
        re.IGNORECASE,
    ),
)
LEADING = re.compile(
    r"^(?:\\text(?:bf|rm)?\s*\{\s*)?(?:the\s+)?(?:final\s+|correct\s+)?"
    r"(?:answer\s*(?:is\b\s*[:：]?|[:：=])|答案(?:是|为|為|[:：])+)\s*\}?\s*",
    re.IGNORECASE,
)
MOST_REMARKS = 20
"""Announcements that are looked at, from the last one: remarks do not go on for ever."""


def announced_answer(text: str) -> str | None:
    """What the last announcement of a text announces; None if nothing does."""
    last = None
    for end in announcement_ends(text):
        answer = statement(text[end:])
        if answer and not REMARK.match(answer):
            return answer
        last = answer if last is None else last
    return last or _on_last_line(text)


def announcement_ends(text: str) -> list[int]:
    """Where the last announcements of a text end, the last one first."""
    found = [match for match in ANNOUNCEMENT.finditer(text) if not _is_other(text, match.start())]
    return [match.end() for match in reversed(found[-MOST_REMARKS:])]


def sentence(line: str) -> str:
    """The first sentence of a line, or the line if it holds no other; its marks are kept."""
    end = SENTENCE_END.search(line)
    return line[: end.start()] if end else line


def statement(text: str) -> str:
    """The first sentence of a text, or the formula on a line of its own, without its marks."""
    text = text.lstrip(" \t\n*_#`:：")
    for opening, closing in (("\\[", "\\]"), ("$$", "$$")):
        end = text.find(closing, len(opening)) if text.startswith(opening) else -1
        if end >= 0:
            return text[len(opening) : end].strip()
    line = unmarked(sentence(text.split("\n", 1)[0]))
    line = COPULA_BEHIND.sub("", line.rstrip(SENTENCE_SIGNS) or line)
    line = COUNTED_BEFORE.sub("", line)
    return unmarked(line)


def without_announcement(text: str) -> str:
    """Drop ``Answer:`` and the like from the front of an answer: ``\\text{Answer: } 5`` is 5."""
    announcement = LEADING.match(text)
    if not announcement:
        return text.strip()
    rest = text[announcement.end() :]
    # `\text{Answer: 5}` opens a group before the announcement and closes it after the answer.
    if rest.count("}") == rest.count("{") + 1 and rest.endswith("}"):
        rest = rest[:-1]
    return rest.strip()


def _is_other(text: str, start: int) -> bool:
    """Whether the noun at ``start`` speaks of another answer than the one to be given."""
    return OTHER_ANSWER.search(text, max(0, start - 60), start) is not None


def _on_last_line(text: str) -> str | None:
    last = text.rstrip().rpartition("\n")[2]
    for pattern in LAST_LINE:
        if match := pattern.match(last[-1000:] if len(last) <= 1000 else ""):
            return statement(match["answer"])
    return None
