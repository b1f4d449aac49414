"""The command line of scripts/make_town."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from scripts.town import files, messy, readme
from scripts.town.spec import Spec, scaled
from scripts.town.town import make

DATA = Path(__file__).resolve().parents[2] / "data"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/make_town",
        description="Writes the synthetic Town F (虚构的F镇): the same seed, the same bytes.",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write to; default: data/"
    )
    parser.add_argument("--seed", type=int, default=Spec.seed)
    parser.add_argument("--scale", type=int, metavar="N", help="a town of N houses; needs --out")
    parser.add_argument(
        "--messy", type=Path, metavar="DIR", help="write the edition with planted defects to DIR"
    )
    args = parser.parse_args()
    if args.scale is not None and (args.out is None or args.scale < 500):
        parser.error("--scale takes 500 houses or more and a folder: --out DIR")
    if args.messy is not None and (args.scale is not None or args.out is not None):
        parser.error("--messy stands alone, or with --seed")

    spec = scaled(args.scale, args.seed) if args.scale else Spec(seed=args.seed)
    town = make(spec)
    if args.messy is not None:
        plants = messy.write(town, args.messy, np.random.default_rng(spec.seed))
        print(f"{len(plants)} defects, listed in {args.messy / 'planted.json'}")
        return 0
    folder = args.out or DATA
    files.write(town, folder)
    readme.write(town, spec, folder)
    print(
        f"{len(town.houses)} houses, {len(town.residents)} residents, {len(town.grids)} grids: {folder}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
