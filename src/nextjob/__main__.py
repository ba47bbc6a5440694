"""python -m nextjob COMMAND key=value ...: the commands beside train.py and extract.py."""

import sys
from importlib import import_module

from nextjob.cli.arguments import nearest
from nextjob.cli.entry import one_line_errors
from nextjob.errors import InputError

COMMANDS = {
    "recommend": "ten jobs and an action for every session of a file, from a run folder",
    "app": "a page on this machine that shows what a run recommends and why",
    "export": "the answers of a run as a program that needs torch alone",
    "evaluate": "cross-validation of one or more experiments over profile chains; goes on where it stopped",
    "data-report": "what a board is like before anything is trained on it, as a page",
    "config-reference": "every key and choice of the configuration, from the comments in conf/, as a page",
    "sample": "the synthetic job board with its features and embeddings",
}
HELP = ("-h", "--help")


@one_line_errors
def main(arguments: list[str]) -> None:
    """Run the command that the first argument names."""
    if not arguments or arguments[0] in HELP:
        lines = [f"  {name:<18}{line}" for name, line in COMMANDS.items()]
        print("usage: python -m nextjob COMMAND key=value ...", "", *lines, sep="\n")
        print("\npython -m nextjob COMMAND --help tells a command's keys, with examples")
        print("exit codes: 0 done, 1 wrong input, 2 no command or an unknown option, 130 stopped with Ctrl-C")
        sys.exit(0 if arguments else 2)
    name, *rest = arguments
    if name not in COMMANDS:
        raise InputError(f"unknown command {name!r}{nearest(name, COMMANDS)}; known: {', '.join(COMMANDS)}")
    command = import_module(f"nextjob.cli.{name.replace('-', '_')}")
    if any(argument in HELP for argument in rest):
        print(str(command.__doc__).strip())
        return
    if options := [argument for argument in rest if argument.startswith("-")]:
        print(f"no option {options[0]}; python -m nextjob {name} --help tells the keys", file=sys.stderr)
        sys.exit(2)
    command.main(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
