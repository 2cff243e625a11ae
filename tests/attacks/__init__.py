"""The attacks of docs/attacks.md, one test each; the number is in its name."""
