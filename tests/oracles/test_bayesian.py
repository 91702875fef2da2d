from typing import ClassVar

from kt_notebook.oracles.bayesian import BayesianOptimizationOracle
from tests.oracles.contract import OracleContract


class TestBayesian(OracleContract):
    oracle: ClassVar = BayesianOptimizationOracle
