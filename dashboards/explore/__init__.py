"""Any question to any dataset, without SQL: a figure, by what, of which rows."""
