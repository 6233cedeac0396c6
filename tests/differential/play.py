"""Plays random games against the platform's engine and our referee at once, and compares everything that both say.

    play.py REFEREE [--steps N] [--seed N] [ruleset ...]

REFEREE is the `kriegspiel-referee` program. A step is one command. Exit code 1 when anything differs.
"""

import argparse
import json
import random
import subprocess
import sys
import time

import chess

from engine import Engine
from positions import start

RULESETS = ["berkeley", "berkeley_any", "cincinnati", "wild16", "rand", "english", "crazykrieg"]


class Referee:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def anything(dice):
    """A move that is well formed, and seldom more."""
    if dice.random() < 0.2:
        return dice.choice("PNBRQ") + "@" + chess.square_name(dice.randrange(64))
    start, end = dice.sample(range(64), 2)
    return chess.square_name(start) + chess.square_name(end) + (dice.choice("qrbn") if dice.random() < 0.1 else "")


def pawn_diagonal(engine, uci):
    return uci[1] != "@" and uci[0] != uci[2] and engine.game._board.piece_type_at(
        chess.parse_square(uci[:2])
    ) == chess.PAWN


def question(dice, engine, standing, refused):
    """The next question: mostly sensible, sometimes not."""
    allowed, roll = standing["allowed"], dice.random()
    if roll < 0.12:
        return {"any": True}
    if roll < 0.20:
        return {"ask": anything(dice)}
    if roll < 0.25:
        return {"ask": dice.choice(["e1g1", "e1c1", "e8g8", "e8c8", "e1h1", "e8a8", *refused])}
    diagonals = [uci for uci in allowed if pawn_diagonal(engine, uci)]
    if roll < 0.35 and diagonals:
        return {"ask": dice.choice(diagonals)}
    legal = engine.legal()
    if roll < 0.75 and legal:
        return {"ask": dice.choice(legal)}
    return {"ask": dice.choice(allowed or legal or [anything(dice)])}


def play(dice, ruleset, engine, referee, steps):
    """One game, of at most so many steps. Returns the number of steps, and the first difference."""
    new, fen = {"new": ruleset}, start(dice, ruleset)
    if fen is not None:
        new["fen"] = fen
    commands, refused, rest = [new], [], 3
    limit = min(steps, dice.choice((30, 100, 200, 400)))
    while True:
        expected, found = engine.run(commands[-1]), referee.run(commands[-1])
        if expected != found:
            return len(commands), (commands, expected, found)
        answer = expected["answer"]
        if answer and answer["move_done"]:
            refused = []
        elif answer and answer["main"] == "ILLEGAL_MOVE" and "ask" in commands[-1]:
            refused.append(commands[-1]["ask"])
        # After the end a few questions more: nothing may be asked.
        rest -= expected["over"]
        if rest == 0 or len(commands) >= limit:
            return len(commands), None
        commands.append(question(dice, engine, expected, refused))


def report(ruleset, difference):
    commands, expected, found = difference
    print(f"{ruleset}: a difference after {json.dumps(commands)}")
    for field in sorted({*expected, *found}):
        if expected.get(field) != found.get(field):
            print(f"  {field}\n    engine  {expected.get(field)}\n    referee {found.get(field)}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("referee")
    arguments.add_argument("rulesets", nargs="*", metavar="ruleset")
    arguments.add_argument("--steps", type=int, default=20_000, help="for each ruleset (default: 20000)")
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    engine, referee, differences = Engine(), Referee(options.referee), 0
    for ruleset in options.rulesets or RULESETS:
        dice = random.Random(f"{seed} {ruleset}")
        done = games = wrong = 0
        began = time.monotonic()
        while done < options.steps:
            steps, difference = play(dice, ruleset, engine, referee, options.steps - done)
            done, games = done + steps, games + 1
            if difference:
                wrong += 1
                if wrong <= 3:
                    report(ruleset, difference)
        seconds = time.monotonic() - began
        print(f"{ruleset}: {done} steps, {games} games, {wrong} differences, {seconds:.0f} s", flush=True)
        differences += wrong
    referee.close()
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
