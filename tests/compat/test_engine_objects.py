"""Facts about the objects of KerasTuner's engine modules, called as its users call them."""

import math
from types import SimpleNamespace

import pytest

import kt_notebook as kt
from kt_notebook.engine.conditions import Parent, Predicate
from kt_notebook.engine.hyperparameters import Choice, Fixed, Float, Int, deserialize, serialize
from kt_notebook.engine.metrics_tracking import (
    MetricHistory,
    MetricObservation,
    MetricsTracker,
    infer_metric_direction,
)
from kt_notebook.engine.objective import MultiObjective
from kt_notebook.engine.trial import Trial, TrialStatus

# ---- metrics -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("val_loss", "min"),
        ("crossentropy", "min"),
        ("ce", "min"),
        ("acc", "max"),
        ("val_weighted_accuracy", "max"),
        ("weighted_mse", "min"),
        ("MeanSquaredError", "min"),
        ("val_TruePositives", "max"),
        ("KLDivergence", "min"),
        ("MeanIoU", "max"),
        ("f1_score", "max"),
        ("speed", None),
        ("cosine_similarity", None),
    ],
)
def test_a_name_has_a_direction_where_keras_knows_it(name, direction):
    assert infer_metric_direction(name) == direction


def test_a_function_is_known_by_its_name():
    def mean_absolute_error(y_true, y_pred): ...

    assert infer_metric_direction(mean_absolute_error) == "min"


class Metric:
    """Stands for Keras' base class, which is slow to import."""

    def __init__(self, name=None):
        self.name = name


class AUC(Metric):
    pass


class Mine(AUC):
    pass


class MeanMetricWrapper(Metric):
    _fn = staticmethod(lambda y_true, y_pred: 0.0)


@pytest.mark.parametrize("metric", [AUC("strange"), AUC, Mine("mine"), Metric("accuracy")])
def test_an_object_is_known_by_what_it_is_and_then_by_its_name(metric):
    assert infer_metric_direction(metric) == "max"


def test_what_an_object_is_counts_before_its_name():
    assert infer_metric_direction(AUC("loss")) == "max"


def test_a_wrapped_function_tells_the_direction():
    wrapper = MeanMetricWrapper("strange")
    wrapper._fn = SimpleNamespace(__name__="categorical_accuracy")

    assert infer_metric_direction(wrapper) == "max"


def test_an_object_that_nobody_knows_has_no_direction():
    assert infer_metric_direction(Metric("speed")) is None


@pytest.mark.keras
def test_keras_objects_with_names_of_their_own_have_the_direction_of_their_class():
    import keras

    told = [
        infer_metric_direction(keras.metrics.BinaryAccuracy(name="strange")),
        infer_metric_direction(keras.metrics.MeanMetricWrapper(keras.metrics.categorical_accuracy, name="strange")),
        infer_metric_direction(keras.losses.CosineSimilarity(name="strange")),
        infer_metric_direction(keras.losses.KLDivergence(name="strange")),
        infer_metric_direction(keras.metrics.mean_squared_error),
    ]

    assert told == ["max", "max", "min", "min", "min"]


def test_an_observation_takes_one_value_or_several():
    observation = MetricObservation(0.5, step=3)
    observation.append(1.5)
    observation.append([4.0])

    assert observation == MetricObservation([0.5, 1.5, 4.0], 3)
    assert observation.mean() == 2.0
    assert MetricObservation.from_config(observation.get_config()) == observation
    assert repr(observation) == "MetricObservation(value=[0.5, 1.5, 4.0], step=3)"


def test_an_observation_leaves_the_list_that_it_was_made_of_alone():
    values = [0.5]
    MetricObservation(values, 0).append(1.0)

    assert values == [0.5]


def test_a_history_has_no_third_direction():
    with pytest.raises(ValueError, match=r"direction='up'. Give 'min' or 'max'"):
        MetricHistory("up")


def test_a_history_keeps_a_value_that_is_no_number():
    history = MetricHistory("max")
    history.update(0.5, 0)
    history.update(math.nan, 1)
    again = MetricHistory.from_config(history.get_config())

    assert (again.get_best_value(), again.get_best_step()) == (0.5, 0)
    assert math.isnan(again.get_last_value())


def test_a_tracker_follows_metrics_as_keras_tuners_does():
    tracker = MetricsTracker([SimpleNamespace(name="loss"), SimpleNamespace(name="accuracy")])
    told = [tracker.update("loss", value, step) for step, value in enumerate([3, 1.0, 2.0])]

    assert told == [True, True, False]
    assert tracker.exists("accuracy")
    assert not tracker.exists("auc")
    assert [tracker.get_direction(name) for name in tracker.metrics] == ["min", "max"]
    assert (tracker.get_best_value("loss"), tracker.get_best_step("loss"), tracker.get_last_value("loss")) == (1, 1, 2)
    assert tracker.get_history("loss") == [MetricObservation([v], s) for s, v in enumerate([3.0, 1.0, 2.0])]
    assert tracker.get_statistics("loss")["median"] == 2.0
    assert tracker.get_best_value("accuracy") is None
    tracker.set_history("auc", [MetricObservation([0.5], 0)])
    assert MetricsTracker.from_config(tracker.get_config()).metrics == tracker.metrics


# ---- objectives --------------------------------------------------------------------------------------------


def test_objectives_of_one_name_and_direction_are_equal():
    class Mine(kt.Objective):
        pass

    assert Mine("val_loss", "min") == kt.Objective("val_loss", direction="min")
    assert hash(Mine("val_loss", "min")) == hash(kt.Objective("val_loss", "min"))
    assert kt.Objective("val_loss", "min") != kt.Objective("val_loss", "max")
    assert kt.Objective("val_loss", "min") != "val_loss"


def test_an_objective_is_written_as_keras_tuner_writes_it():
    both = MultiObjective((kt.Objective("a", "min"), kt.Objective("b", "max")))

    assert str(both) == (
        'MultiObjective(name="multi_objective", direction="min"): '
        '[Objective(name="a", direction="min"), Objective(name="b", direction="max")]'
    )
    assert both == MultiObjective(tuple(reversed(both.objectives)))
    assert both.name_to_direction == {"a": "min", "b": "max"}


# ---- trials ------------------------------------------------------------------------------------------------


def test_a_trial_made_by_hand_has_an_id_of_its_own():
    first, second = Trial(kt.HyperParameters()), Trial(kt.HyperParameters())

    assert first.trial_id != second.trial_id
    assert first.trial_id.isalnum()
    assert (first.status, first.score, first.message) == ("RUNNING", None, None)


def test_a_state_is_its_text():
    assert [TrialStatus.COMPLETED, TrialStatus.STOPPED] == ["COMPLETED", "STOPPED"]
    assert f"{TrialStatus.FAILED}" == "FAILED"


# ---- tuners and oracles ------------------------------------------------------------------------------------


def test_what_a_tuner_was_given_is_its_attribute_and_may_be_changed(tmp_path):
    tuner = kt.RandomSearch(lambda hp: 0, max_model_size=5, seed=3, directory=tmp_path)
    tuner.max_model_size = 7

    assert (tuner.max_model_size, tuner.model_settings.max_model_size) == (7, 7)
    assert (tuner.optimizer, tuner.loss, tuner.metrics, tuner.distribution_strategy) == (None,) * 4
    assert tuner.seed == tuner.oracle.seed == 3


def test_what_a_bayesian_oracle_was_given_is_its_attribute():
    oracle = kt.oracles.BayesianOptimizationOracle(num_initial_points=3, beta=2.6)

    assert (oracle.num_initial_points, oracle.alpha, oracle.beta) == (3, None, 2.6)


# ---- hyperparameters and conditions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parameter",
    [Int("a", 1, 9, sampling="log"), Float("a", 0, 1), Choice("a", ["x", "y"]), Fixed("a", 3)],
    ids=lambda parameter: type(parameter).__name__,
)
def test_a_hyperparameter_comes_back_from_its_config(parameter):
    assert deserialize(serialize(parameter)) == parameter
    assert type(parameter).from_config(parameter.get_config()) == parameter
    assert parameter.prob_to_value(parameter.value_to_prob(parameter.default)) == parameter.default
    assert parameter.random_sample(0) == parameter.random_sample(seed=0)


def test_sampling_may_be_written_in_capitals():
    assert Float("rate", 1e-4, 1, sampling="LOG") == Float("rate", 1e-4, 1, sampling="log")
    assert Int("n", 1, 9, sampling="Linear").step == 1


def test_a_condition_comes_back_from_its_config():
    parent = Parent("model", ["cnn"])
    known = Predicate("rate", lambda rate: rate > 0.1, label="rate > 0.1")

    assert Parent.from_config(parent.get_config()) == parent
    assert Predicate.from_config(known.get_config()) == known


def test_ensuring_active_values_takes_those_of_inactive_ones_away():
    hp = kt.HyperParameters()
    hp.Choice("model", ["cnn", "mlp"])
    with hp.conditional_scope("model", ["cnn"]):
        hp.Int("filters", 8, 64)
    with hp.conditional_scope("model", ["mlp"]):
        hp.Int("units", 16, 128)
    hp.values |= {"model": "mlp", "tuner/epochs": 3}
    hp.ensure_active_values()

    assert hp.values == {"model": "mlp", "units": 16, "tuner/epochs": 3}
