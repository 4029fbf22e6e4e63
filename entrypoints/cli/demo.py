"""A look at what Dunlin does, without starting anything."""

import click


@click.command()
def demo() -> None:
    """Play several months of one firm in virtual time, in memory, and print the calendar.

    \b
    Example:
      dunlin demo
    """
    from entrypoints.demo import play

    for line in play():
        click.echo(line)
