import pytest

from kt_notebook.core.errors import FatalResultError, FatalValueError, OptionError, ResultError
from kt_notebook.core.space import HyperParameters
from kt_notebook.training.hypermodel import FunctionHyperModel, HyperModel, as_hypermodel
from tests.training.keras_models import X, Y, model

pytestmark = pytest.mark.keras


class _Built(HyperModel):
    def build(self, hp: HyperParameters) -> object:
        return hp.Int("units", 2, 8)


def test_a_function_becomes_a_hypermodel_that_builds_with_it() -> None:
    made = as_hypermodel(lambda hp: hp.Int("units", 2, 8))
    assert isinstance(made, FunctionHyperModel)
    assert made.build(HyperParameters()) == 2


def test_a_hypermodel_and_none_stay_what_they_are() -> None:
    made = _Built(name="b")
    assert as_hypermodel(made) is made
    assert made.name == "b"
    assert as_hypermodel(None) is None


def test_an_object_with_build_and_fit_from_elsewhere_is_taken() -> None:
    class Foreign:
        def build(self, hp: HyperParameters) -> str:
            return "built"

        def fit(self, hp: HyperParameters, built: object, *args: object) -> object:
            return (built, *args)

    made = as_hypermodel(Foreign())
    assert made is not None
    assert made.build(HyperParameters()) == "built"
    assert made.fit(HyperParameters(), "m", 1) == ("m", 1)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (_Built, r"the class _Built. Give an instance, _Built\(\)"),
        ("dense", "hypermodel is str 'dense'. Give a function"),
        (3, "hypermodel is int 3"),
    ],
)
def test_what_is_no_hypermodel_is_refused_with_the_cure(value: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        as_hypermodel(value)


def test_a_finished_model_is_refused() -> None:
    with pytest.raises(OptionError, match="finished Sequential"):
        as_hypermodel(model())


def test_a_hypermodel_without_build_says_what_to_define() -> None:
    with pytest.raises(NotImplementedError, match=r"HyperModel has no build\(self, hp\)"):
        HyperModel().build(HyperParameters())


def test_an_untunable_hypermodel_keeps_defaults_and_adds_nothing_to_the_space() -> None:
    hp = HyperParameters()
    assert _Built(tunable=False).build(hp) == 2
    assert not hp.values


def test_a_subclass_that_forgets_super_init_works() -> None:
    class Careless(_Built):
        def __init__(self) -> None:
            pass

    assert Careless().run(HyperParameters()) == 2
    assert Careless().tunable


def test_running_a_model_without_data_names_the_line_to_add() -> None:
    with pytest.raises(FatalValueError, match=r"Add the line search\(x_train, y_train, epochs=5"):
        FunctionHyperModel(lambda hp: model()).run(HyperParameters())


def test_running_an_uncompiled_model_says_to_compile_it() -> None:
    with pytest.raises(ResultError, match=r"not compiled\. Call model\.compile"):
        FunctionHyperModel(lambda hp: model(compiled=False)).run(HyperParameters(), X, Y)


def test_a_build_that_returns_nothing_ends_the_search() -> None:
    with pytest.raises(FatalResultError, match=r"build\(hp\) returned None"):
        FunctionHyperModel(lambda hp: None).run(HyperParameters(), X, Y)


def test_running_fits_the_model_that_build_returns() -> None:
    history = FunctionHyperModel(lambda hp: model()).run(HyperParameters(), X, Y, verbose=0)
    assert len(history.history["loss"]) == 1


def test_a_fit_of_its_own_may_compile_and_need_no_data() -> None:
    class OwnFit(HyperModel):
        def build(self, hp: HyperParameters) -> object:
            return model(compiled=False)

        def fit(self, hp: HyperParameters, model: object, *args: object, **kwargs: object) -> float:
            return 0.5

    assert OwnFit().run(HyperParameters()) == 0.5
