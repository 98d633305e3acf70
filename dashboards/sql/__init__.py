"""The dashboard of questions in SQL: an editor, its answers, saved queries and one's history."""
