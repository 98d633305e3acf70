"""The bench: what Workbench's ways cost beside the plain ones, measured in turn in one run."""
