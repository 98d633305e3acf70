"""`python -m workbench` is the shell."""

from workbench.cli import main

main()
