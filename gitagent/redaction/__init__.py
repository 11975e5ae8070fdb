"""What counts as a secret in a text, and how it is kept out of prompts, logs and screens."""

from gitagent.redaction.marks import placeholders
from gitagent.redaction.redactor import Redactor
from gitagent.redaction.veil import Veil

__all__ = ["Redactor", "Veil", "placeholders"]
