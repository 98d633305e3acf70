"""Audit: what was done and read, by whom; append only, and chained by hashes."""

from workbench.audit.models import AuditEntry as AuditEntry
