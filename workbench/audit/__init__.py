"""Audit: what was done and read, by whom; append only."""

from workbench.audit.models import AuditEntry as AuditEntry
