"""`%%tune` and `%tune`, as IPython calls them.

How it works: the cell is read (`magics.cell`), turned into a HyperModel, and handed to `launch`. Definitions of the
builder and objective forms are run first, in the notebook's names, as an ordinary cell would run them.
"""

import ast
import builtins
import inspect
import linecache
import sys
from collections.abc import Mapping
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from kt_notebook.core.budget import EPOCHS
from kt_notebook.core.errors import CellError, DataError, OptionError
from kt_notebook.core.events import SearchNoted
from kt_notebook.core.objective import create_objective
from kt_notebook.magics.cell import (
    FIT_HOOK_NAME,
    SEARCH_HOOK_NAME,
    CellForm,
    CellPlan,
    TargetKind,
    compile_definitions,
    compile_inline,
    read_cell,
    refuse_undefined,
)
from kt_notebook.magics.cell.skeleton import skeleton_of
from kt_notebook.magics.cell_epochs import epochs_of
from kt_notebook.magics.cell_text import CellText
from kt_notebook.magics.completion import install_completion
from kt_notebook.magics.data_watch import lines_of_changes, names_filled
from kt_notebook.magics.deciding_fit import has_one_deciding_fit
from kt_notebook.magics.error_block import readable
from kt_notebook.magics.import_lines import import_advice
from kt_notebook.magics.inline import InlineHyperModel
from kt_notebook.magics.launch import CellSearch, launch, refuse_taken_name
from kt_notebook.magics.line import LINE_HELP, run_line
from kt_notebook.magics.options import TuneOptions, help_text, parse_options
from kt_notebook.magics.settings import KTNotebook
from kt_notebook.magics.space_table import space_table
from kt_notebook.magics.tuner_choice import check_tuner, is_hyperband
from kt_notebook.magics.tuner_search import run_tuner_search
from kt_notebook.panel.host import host_of
from kt_notebook.training.discovery import explore
from kt_notebook.training.fit_hook import fit_hook
from kt_notebook.training.hypermodel import as_hypermodel

__all__ = ["TuneMagics", "load"]

# How far above a magic's method the frame is whose names its line may use: past `readable` and IPython's own call.
_CALLER_OF_MAGIC = 3


@magics_class
class TuneMagics(Magics):
    """The magics of kt_notebook."""

    # Any: IPython's shell, here and below.
    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.settings = KTNotebook(parent=shell)
        shell.configurables.append(self.settings)

    @cell_magic("tune")  # type: ignore[arg-type]  # IPython types its decorators for plain functions
    @readable
    def tune_cell(self, line: str, cell: str) -> None:
        """Search the hyperparameters that this cell declares with `hp`."""
        options = parse_options(line, self.settings.defaults())
        create_objective(options.objectives)
        shell: Any = self.shell
        # A blank line for the magic's own, so that lines count as the front end shows them.
        plan = read_cell("\n" + shell.transform_cell(cell), shell.user_ns)
        _check(plan, options, shell.user_ns)
        if options.dry_run:
            # A dry run has nothing else to show for itself.
            print(space_table(plan))  # noqa: T201
        elif plan.form is CellForm.TUNER_SEARCH:
            _run_tuner_search(shell, options, CellText(line, cell, plan))
        elif plan.form is CellForm.INLINE:
            _run_inline(shell, options, CellText(line, cell, plan))
        else:
            _run_definitions(shell, options, CellText(line, cell, plan))

    @no_var_expand
    @line_magic("tune")  # type: ignore[arg-type]
    @readable
    def tune_line(self, line: str) -> Any:
        """Look at searches and steer them."""
        shell: Any = self.shell
        if line.split(maxsplit=1)[:1] != ["enqueue"]:  # The braces of its dict name no variables.
            line = shell.var_expand(line, _CALLER_OF_MAGIC)
        return run_line(shell, line)


_HELP = f"""Search the hyperparameters that this cell declares with `hp`.

Usage:

    %%tune [NAME] [OPTIONS]

Take the cell you already have, write `hp.` where a number was, put %%tune on top:

    %%tune digits --objective val_accuracy --max-trials 20
    model = keras.Sequential([
        keras.layers.Dense(hp.Int("units", 16, 128, step=16), activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ])
    model.compile(keras.optimizers.Adam(hp.Float("lr", 1e-4, 1e-2, sampling="log")),
                  "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=10, validation_data=(x_val, y_val))

The whole cell is a trial, run many times in names of its own. What it returns is its score: its last expression (a
number, a dict of numbers, a History), else its last Keras fit. A cell may also define a function of hp (or a
HyperModel) and call search(x, y, epochs=..., validation_data=...) with the arguments of fit.

    hp.Int("units", 32, 512, step=32)            hp.Choice("act", ["relu", "tanh"])
    hp.Float("lr", 1e-4, 1e-1, sampling="log")   hp.Boolean("norm")   hp.Fixed("batch", 64)
    units = hp.Int(32, 512)                      # the name may be left out: it is `units`

NAME (default: tuner) is the one name written into the notebook: an ordinary Tuner. The cell returns at once;
NAME.results and NAME.best answer while it runs, NAME.get_best_hyperparameters() and NAME.get_best_models() wait for
its end. The same cell run again goes on where it stopped.

Options:

{help_text()}

Tuner auto, the default, is grid where every combination fits into the number of trials, else bayesian; hyperband
trains many for few epochs and the best of them on. Pruning compares what a fit reports after each epoch: auto, the
default, ends a trial that what complete trials gained from that epoch on would not bring to the best; median one worse
than the others' median; halving, at 2, 6, 18, … epochs, all but the best third. With several objectives none is
ended, and NAME.pareto are the trials that none surpasses. An oracle of yours that is made already, as in --tuner
"Mine(objective='val_loss')", takes --max-trials from the line, and --prune only where it is there.

Fit auto, the default, runs a Keras fit faster where that gives the very results of Keras' own fit, which runs
everywhere else; each trial in the panel says how its fits ran, and why not faster. fused ends the search at a fit
that could not run faster, with that reason, before it trains; plain is Keras' own fit, always.

Also: %tune list, show, status, wait, stop, pause, resume, enqueue, results, best, plot, bake, refine, finish, open;
%tune? says what each does. Defaults: %config KTNotebook.
"""
setattr(TuneMagics.tune_line, "__doc__", LINE_HELP)  # noqa: B010
setattr(TuneMagics.tune_cell, "__doc__", _HELP)  # noqa: B010 - what %%tune? shows; mypy knows no __doc__ there


def _check(plan: CellPlan, options: TuneOptions, namespace: dict[str, Any]) -> None:
    """Refuse what can be known to go wrong before anything is trained.

    Raises:
        DataError: Data that only one trial could read.
        CellError: A name that nobody defines; a TensorBoard callback without tensorboard; no fit for Hyperband.
        OptionError: NAME holds something else, or the tuner is unknown.
    """
    if plan.form is not CellForm.TUNER_SEARCH:
        refuse_taken_name(namespace, options.name)
        check_tuner(options.tuner, {*namespace, *_names_made(plan.cell.tree)})
        if is_hyperband(options.tuner):
            _refuse_without_fit(plan)
    for one_shot in plan.one_shots:
        error = DataError(
            f"{one_shot.text} in line {one_shot.line} can be read only once, and every trial needs the data. Give "
            "arrays, a list, a tf.data.Dataset, or a function that makes the generator."
        )
        raise error
    if plan.tensorboard_line is not None and not _has_module("tensorboard"):
        raise CellError(
            "The TensorBoard callback needs the package tensorboard, which is not installed. Run: "
            "%pip install tensorboard",
            plan.tensorboard_line,
        )
    if plan.form is not CellForm.TUNER_SEARCH:  # that one runs at once, and Python tells
        refuse_undefined(plan, {*namespace, *dir(builtins)})


def _refuse_without_fit(plan: CellPlan) -> None:
    """Refuse Hyperband for a cell whose training it could not tell how long to last.

    Raises:
        CellError: The cell has no Keras fit, hands no data to `search(…)` and does not ask for its epochs.
    """
    if plan.has_fit_call or plan.search_call is not None or EPOCHS in plan.cell.text:
        return
    raise CellError(
        "--tuner hyperband says how many epochs each trial trains, and this cell has no model.fit(…) that it could "
        f"tell. Call fit in the cell itself, train for hp.get({EPOCHS!r}) epochs, or take --tuner bayesian."
    )


def _names_made(tree: ast.Module) -> set[str]:
    """Return the names that a cell's own lines may bind."""
    nodes = list(ast.walk(tree))
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}


def _has_module(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def _notes(plan: CellPlan) -> tuple[SearchNoted, ...]:
    """Return the advice to show from the start."""
    notes = [SearchNoted("advice", note.code, note.text, note.line) for note in plan.notes]
    for place in plan.unsettled:
        text = f"{place.text}: {place.reason}. It joins the space when a trial first meets it."
        notes.append(SearchNoted("advice", "unsettled", text, place.line))
    return tuple(notes)


def _file_of(plan: CellPlan, options: TuneOptions, source: str) -> str:
    """Give the cell a file name under which tracebacks find its lines."""
    name = f"<%%tune {options.name} {plan.identity[:8]}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return name


def _run_inline(shell: Any, options: TuneOptions, text: CellText) -> None:
    plan = text.plan
    file = _file_of(plan, options, plan.cell.text)
    trial = compile_inline(plan, file)
    hypermodel = InlineHyperModel(
        trial,
        shell.user_ns,
        hp_name=plan.hp_name,
        keep=options.keep,
        fits_decide=has_one_deciding_fit(plan.cell.tree),
    )
    launch(shell, options, _cell_search(text, options, hypermodel, file, shell.user_ns))


def _imports_keras(tree: ast.Module) -> bool:
    """Return whether the cell itself imports Keras or TensorFlow."""
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return any(name.partition(".")[0] in ("keras", "tensorflow") for name in names)


def _cell_search(
    text: CellText,
    options: TuneOptions,
    hypermodel: Any,
    file: str,
    namespace: Mapping[str, Any],
    *args: Any,
    **kwargs: Any,
) -> CellSearch:
    plan = text.plan
    return CellSearch(
        text=text,
        hypermodel=hypermodel,
        space=plan.space,
        identity=plan.identity,
        reads=plan.reads,
        notes=_notes(plan),
        cell_file=file,
        fit_args=args,
        fit_kwargs=kwargs,
        changes=lines_of_changes(plan.cell.tree),
        collects=names_filled(plan.cell.tree),
        uses_keras=True if _imports_keras(plan.cell.tree) else None,
        is_whole=not plan.unsettled,
        epochs=epochs_of(plan.cell.tree, kwargs, namespace),
        skeleton=skeleton_of(plan),
    )


def _run_definitions(shell: Any, options: TuneOptions, text: CellText) -> None:
    """Run the cell's definitions in the notebook, then search with what it hands to `search(…)`."""
    plan = text.plan
    file = _file_of(plan, options, plan.cell.text)
    code = compile_definitions(plan, file)
    names = shell.user_ns
    has_begun = False

    def search(*args: Any, **kwargs: Any) -> None:
        nonlocal has_begun
        has_begun = True
        hypermodel = as_hypermodel(_target(names, plan))
        if plan.unsettled and (args or kwargs) and hypermodel is not None:
            explore(hypermodel, plan.space)
        launch(shell, options, _cell_search(text, options, hypermodel, file, names, *args, **kwargs))

    # Functions of the cell look the hook up when they run, so it stays; it is hidden from %who.
    names[FIT_HOOK_NAME] = fit_hook
    names[SEARCH_HOOK_NAME] = search
    shell.user_ns_hidden.update({FIT_HOOK_NAME: None, SEARCH_HOOK_NAME: None})
    try:
        exec(code, names)
    finally:
        del names[SEARCH_HOOK_NAME]
    if not has_begun:
        search()


def _target(names: dict[str, Any], plan: CellPlan) -> Any:
    target = plan.target
    if target is None:
        raise CellError("The cell has no trial. Define a function `def build(hp):`, or use hp in the cell itself.")
    value = names[target.name]
    if target.kind is not TargetKind.CLASS:
        return value
    needed = [
        name
        for name, parameter in inspect.signature(value).parameters.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    ]
    if needed:
        raise CellError(
            f"{target.name} needs {', '.join(needed)} to be made. Make an instance in the cell: "
            f"hypermodel = {target.name}({', '.join(f'{name}=…' for name in needed)})",
            target.line,
        )
    return value()


def _run_tuner_search(shell: Any, options: TuneOptions, text: CellText) -> None:
    """Run a cell that makes a tuner of its own and calls its `search`, without blocking and with the panel."""
    plan = text.plan
    call = plan.search_call
    if options.given - {"wait"} or options.name != TuneOptions().name:
        raise OptionError(
            "A cell that calls a tuner's own search() takes no NAME and only --wait or --no-wait. "
            "Give the rest to the tuner or to its search()."
        )
    if call is not None and call.tuner_name is not None:
        file = _file_of(plan, options, plan.cell.text)
        run_tuner_search(shell, options, text, compile_definitions(plan, file))


def load(shell: Any) -> None:
    """Register the magics, once for each shell."""
    if isinstance(shell.magics_manager.registry.get("TuneMagics"), TuneMagics):
        return
    shell.register_magics(TuneMagics(shell))
    host_of(shell).register_target(shell)
    install_completion(shell)
    warn_of_keras_tuner(shell)


def warn_of_keras_tuner(shell: Any) -> None:
    """Say which import lines to change where KerasTuner is loaded in the same kernel."""
    if "keras_tuner" in sys.modules:
        # Loading an extension has no other place to say it.
        print(import_advice(shell.user_ns.get("In", ())))  # noqa: T201
