"""Operations: how the whole platform is, for whoever runs it; figures, and no tenant's rows."""
