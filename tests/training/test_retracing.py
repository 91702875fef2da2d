import logging

from kt_notebook.training.retracing import without_retracing_advice

ADVICE = "5 out of the last 9 calls to <function> triggered tf.function retracing. Tracing is expensive"


def test_only_the_advice_on_retracing_is_passed_over_and_only_in_the_block(caplog):
    logger = logging.getLogger("tensorflow")

    with without_retracing_advice():
        logger.warning(ADVICE)
        logger.warning("something else")
    logger.warning(ADVICE)

    assert caplog.messages == ["something else", ADVICE]
