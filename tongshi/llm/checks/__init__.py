"""Does an answer say only what its passages say? Each check is a reason to hold a sentence back.

`words` and `words.yml` know the twelve languages; `quantities` finds figures with what they count, `names` names, codes and days, `support` the
words of a passage that a sentence rests on; `checker` puts them together; `calibrate` learns from right and wrong sentences how near is near.
"""

from tongshi.llm.checks.checker import Checker, Problem, Verdict, differences, is_in_language, lacking, make_checker, says_nothing

__all__ = ["Checker", "Problem", "Verdict", "differences", "is_in_language", "lacking", "make_checker", "says_nothing"]
