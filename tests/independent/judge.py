"""Other people's statistics for the same data; runs in an environment of its own.

Reads a list of cases [[kind, data], …] as JSON, prints a list of answers: numbers, or null where
the library gives none. It knows nothing of this project.
"""

from __future__ import annotations

import json
import math
import sys
import warnings
from typing import Any

import pandas as pd
import pingouin
from pycontrolcharts import calc_xmr
from scipy.stats import f, pearsonr
from statsmodels.stats.proportion import proportion_confint

CLIENT, THERAPIST = "client", "therapist"


def xmr(scores: list[float]) -> list[float]:
    first = calc_xmr(scores).iloc[-1]
    return [first[c] for c in ("center_line", "variation_cl", "lcl", "ucl", "variation_ucl")]


def alpha(rows: list[list[float]]) -> list[float]:
    return [pingouin.cronbach_alpha(data=pd.DataFrame(rows))[0]]


def interval(rows: list[list[float]]) -> list[float]:
    """The library rounds to three digits."""
    return [float(end) for end in pingouin.cronbach_alpha(data=pd.DataFrame(rows))[1]]


def quantile(asked: list[float]) -> list[float]:
    return [f.ppf(*asked)]


def gap(both: list[list[float]]) -> list[float]:
    long = [
        {"session": at, "rater": rater, "score": score}
        for at, pair in enumerate(both)
        for rater, score in zip((CLIENT, THERAPIST), pair, strict=True)
    ]
    table = pingouin.intraclass_corr(
        data=pd.DataFrame(long), targets="session", raters="rater", ratings="score"
    )
    client, therapist = zip(*both, strict=True)
    (agreement,) = table.loc[table["Type"].isin(["ICC(A,1)", "ICC2"]), "ICC"]
    return [pearsonr(client, therapist).statistic, agreement]


def wilson(asked: list[int]) -> list[float]:
    return list(proportion_confint(*asked, method="wilson"))


KINDS = {
    "xmr": xmr,
    "alpha": alpha,
    "interval": interval,
    "quantile": quantile,
    "gap": gap,
    "wilson": wilson,
}


def main() -> None:
    warnings.simplefilter("ignore")
    answers: list[Any] = []
    for kind, data in json.load(sys.stdin):
        found = [float(number) for number in KINDS[kind](data)]
        answers.append([None if math.isnan(number) else number for number in found])
    json.dump(answers, sys.stdout)


main()
