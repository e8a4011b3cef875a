"""python -m plainloop: the same as the command plainloop."""

from .cli import main

main()
