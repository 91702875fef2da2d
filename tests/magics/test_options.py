"""Facts about the `%%tune` line: what it means, and what it says to what it does not understand."""

import pytest

from kt_notebook.core.errors import OptionError
from kt_notebook.magics.options import OPTIONS, TuneOptions, help_text, parse_duration, parse_options


def test_a_line_that_says_nothing_means_the_defaults():
    assert parse_options("") == TuneOptions()


def test_every_option_is_read():
    options = parse_options(
        "digits --tuner grid --objective f1:max --max-trials 1,000 --executions-per-trial 2 --max-epochs=7 "
        "--timeout 1h30m --seed -3 --prune median --fit plain --workers 2 --directory 'a b' --project-name p "
        "--overwrite --no-wait --dry-run --keep"
    )

    assert options.name == "digits"
    assert (options.tuner, options.objective, options.max_trials) == ("grid", "f1:max", 1000)
    assert (options.executions_per_trial, options.max_epochs, options.timeout_s) == (2, 7, 5400.0)
    assert (options.prune, options.fit) == ("median", "plain")
    assert (options.seed, options.workers, options.directory, options.project_name) == (-3, 2, "a b", "p")
    assert (options.overwrite, options.wait, options.dry_run, options.keep) == (True, False, True, True)


def test_name_may_stand_behind_the_options():
    assert parse_options("--max-trials 3 digits").name == "digits"


def test_a_comment_ends_the_line():
    assert parse_options("digits --max-trials 3  # only a few").max_trials == 3


def test_defaults_count_where_the_line_is_silent():
    options = parse_options("--max-trials 3", {"max_trials": 5, "keep": True})

    assert (options.max_trials, options.keep) == (3, True)
    assert options.given == {"max_trials"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("30s", 30),
        ("30m", 1800),
        ("5min", 300),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("1d", 86400),
    ],
)
def test_a_duration_is_read(text, seconds):
    assert parse_duration("--timeout", text) == seconds


@pytest.mark.parametrize("text", ["0", "-5", "soon", "5 parsecs", "1h30", "m", "nan", "inf", "1e3"])
def test_what_is_no_duration_is_named(text):
    with pytest.raises(OptionError, match=rf"--timeout {text} is no time.*1h30m"):
        parse_duration("--timeout", text)


@pytest.mark.parametrize("flag", ["--max-trials", "--executions-per-trial", "--max-epochs", "--workers"])
@pytest.mark.parametrize("value", ["0", "-1", "2.5", "many", "1e2"])
def test_what_is_no_count_is_named(flag, value):
    with pytest.raises(OptionError, match=rf"{flag} {value} is no count. Give a whole number of 1 or more"):
        parse_options(f"{flag} {value}")


@pytest.mark.parametrize(
    ("text", "said"),
    [("medain", "Did you mean median"), ("yes", "There are auto, none, median, halving"), ("''", "is no way")],
)
def test_what_is_no_way_to_prune_is_named(text, said):
    with pytest.raises(OptionError, match=said):
        parse_options(f"--prune {text}")


@pytest.mark.parametrize(
    ("text", "said"),
    [("fuse", "--fit fuse is no way to fit. Did you mean fused"), ("quick", "There are auto, fused, plain")],
)
def test_what_is_no_way_to_fit_is_named(text, said):
    with pytest.raises(OptionError, match=said):
        parse_options(f"--fit {text}")


def test_a_seed_is_a_whole_number():
    assert parse_options("--seed 0").seed == 0
    with pytest.raises(OptionError, match=r"--seed 1.5 is no seed. Give any whole number, 0 included"):
        parse_options("--seed 1.5")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("--max-trial", "--max-trials"),
        ("--maxtrials", "--max-trials"),
        ("--objectiv", "--objective"),
        ("--dryrun", "--dry-run"),
        ("--time-out", "--timeout"),
        ("--nowait", "--no-wait"),
        ("-max-trials", "--max-trials"),
        ("--max_trials", "--max-trials"),
    ],
)
def test_an_unknown_option_gets_the_one_that_was_meant(given, meant):
    with pytest.raises(OptionError, match=rf"has no option {given}. Did you mean {meant}\?"):
        parse_options(f"{given} 3")


def test_an_option_like_none_is_told_all_there_are():
    with pytest.raises(OptionError, match=r"has no option --zzz. Known are --tuner, .*--keep"):
        parse_options("--zzz")


@pytest.mark.parametrize("line", ["--max-trials", "--max-trials --keep", "digits --objective"])
def test_an_option_without_its_value_says_what_it_takes(line):
    with pytest.raises(OptionError, match=r"needs a value: --\S+ [A-Z]"):
        parse_options(line)


def test_a_switch_takes_no_value():
    with pytest.raises(OptionError, match=r"--keep takes no value, got 'yes'. Write --keep alone"):
        parse_options("--keep=yes")


def test_wait_and_no_wait_contradict_each_other():
    with pytest.raises(OptionError, match=r"--no-wait contradicts"):
        parse_options("--wait --no-wait")


def test_the_same_option_twice_with_one_value_is_no_contradiction():
    assert parse_options("--seed 3 --seed 3").seed == 3


@pytest.mark.parametrize("text", ["val_loss,f1:max", "'val_loss, f1:max'"])
def test_several_objectives_are_a_list(text):
    assert parse_options(f"--objective {text}").objectives == ["val_loss", "f1:max"]
    assert parse_options("").objectives is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--objective val_loss, val_auc", r"--objective val_loss, lacks a name.*val_loss,val_accuracy, no spaces"),
        ("--objective f1:max,f1:min", "names a metric twice"),
        ("--objective a:min --objective b:max", "Several objectives are one list: --objective a:min,b:max"),
    ],
)
def test_what_is_no_list_of_objectives_is_told(line, said):
    with pytest.raises(OptionError, match=said):
        parse_options(line)


def test_there_is_one_name():
    with pytest.raises(OptionError, match=r"one NAME, got 'a' and 'b'. Options begin with two dashes"):
        parse_options("a b")


@pytest.mark.parametrize("name", ["my-search", "2fast", "a.b", "for", "None", "lambda"])
def test_a_name_can_be_a_variable(name):
    with pytest.raises(OptionError, match=rf"NAME '{name}' cannot be a variable"):
        parse_options(name)


def test_an_open_quote_is_said():
    with pytest.raises(OptionError, match=r"cannot be read.*Close the quotes"):
        parse_options("--project-name 'x")


@pytest.mark.parametrize("flag", ["--objective", "--directory", "--project-name", "--tuner"])
def test_an_empty_text_is_refused(flag):
    with pytest.raises(OptionError, match=f"{flag} is empty"):
        parse_options(f"{flag} ''")


def test_the_help_has_a_line_for_every_option():
    lines = help_text().splitlines()

    assert [line.split()[0] for line in lines] == [option.flag for option in OPTIONS]
