"""Decide which papers a reader wants, and why. Pure: no models, no clock, no network.

    tokens, abbreviations → phrase_index, bm25, authors (people and categories) ┐
    encoder → similarity (embeddings), thesaurus (the catalogue) ───────────────┴→ corpus
    corpus → text_questions → text_features (names and sentences) → scoring → explanation
    scoring_weights (all weights and thresholds)       index (cached answers) → selection (a reader's list)

A filter is scored once against all papers of the day, however many readers follow it. A paper's score for a reader is
the best score that any of their filters gives it, never an average.
"""

from digest.matching.authors import in_category, same_person
from digest.matching.index import Answer, Index
from digest.matching.selection import answers_of, choose, choose_from, match, share_fairly
from digest.matching.spans import spans
from digest.matching.tokens import fold, stem
from digest.matching.types import OWN_WORDS, Assessments, Finding, Interest, Match, PaperText, Reason

__all__ = [
    "OWN_WORDS", "Answer", "Assessments", "Finding", "Index", "Interest", "Match", "PaperText", "Reason", "answers_of",
    "choose", "choose_from", "fold", "in_category", "match", "same_person", "share_fairly", "spans", "stem",
]  # fmt: skip
