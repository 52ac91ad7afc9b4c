"""Readers of documents: plain text, Markdown, HTML, PDF, DOCX and CSV into blocks of structured text."""

from .models import Block, ReadDocument, ReadLimits

__all__ = ["Block", "ReadDocument", "ReadLimits"]
