"""A scorer of one's own: a function.

Its parameters are inputs of the call and `output`. The calls of this example name theirs `input.value` and
`output.value`, as many instrumentations do; `column_map` in `bridge.yaml` says what fills which parameter.
"""

WORDS_PER_WORD = 4
"""A reply may be so many times as long as the question."""


def concise(question: str, reply: str) -> dict:
    """Compare the lengths of question and reply, in words."""
    asked, answered = len(question.split()), len(reply.split())
    return {"passed": answered <= WORDS_PER_WORD * asked, "ratio": round(answered / asked, 2)}
