/**
 * One row of the trial table, drawn anew only when something in it has changed.
 */
import { Component } from 'preact';
import { VALUE_PREFIX, scoreOf } from '../arrange';
import { formatCount, formatDuration, formatScore, formatTrialId, formatValue } from '../format';
import type { Strings } from '../strings';
import type { Trial } from '../trial';
import type { IColumn } from './columns';
import type { Extent } from './extent';
import { Spark } from './spark';

export interface IRowProps {
  id: string;
  trial: Trial;
  revision: number;
  extent: Extent;
  extentRevision: number;
  columns: readonly IColumn[];
  top: number;
  index: number;
  sign: 1 | -1;
  isBest: boolean;
  isSelected: boolean;
  isCursor: boolean;
  isHovered: boolean;
  strings: Strings;
  onOpen: (trialId: string) => void;
  onHover: (trialId: string | null) => void;
}

export class Row extends Component<IRowProps> {
  override shouldComponentUpdate(next: IRowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof IRowProps)[]).some(key => next[key] !== now[key]);
  }

  override render() {
    const { id, trial, columns, top, index, isBest, isSelected, isCursor, isHovered } = this.props;
    const classes = ['kt-TableRow'];
    if (isBest) {
      classes.push('kt-mod-best');
    }
    if (isSelected) {
      classes.push('kt-mod-selected');
    }
    if (isCursor) {
      classes.push('kt-mod-cursor');
    }
    if (isHovered) {
      classes.push('kt-mod-hovered');
    }
    return (
      <div
        id={id}
        class={classes.join(' ')}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isSelected}
        style={{ transform: `translateY(${top}px)` }}
        onClick={() => this.props.onOpen(trial.id)}
        onMouseEnter={() => this.props.onHover(trial.id)}
        onMouseLeave={() => this.props.onHover(null)}
      >
        {columns.map((column, i) => (
          <div
            key={column.key}
            role="gridcell"
            aria-colindex={i + 1}
            class={column.isText ? 'kt-Cell kt-mod-text' : 'kt-Cell'}
          >
            {this._cell(column)}
          </div>
        ))}
      </div>
    );
  }

  private _cell({ key, isLog }: IColumn) {
    const { trial, strings, extent } = this.props;
    switch (key) {
      case 'id':
        return <span title={trial.id}>{formatTrialId(trial.id)}</span>;
      case 'state':
        return (
          <span title={this._why()}>
            <i class="kt-Dot" data-shown={trial.shown} aria-hidden="true" />
            {strings.states.trial[trial.shown]}
          </span>
        );
      case 'score':
        return this._score();
      case 'curve':
        return <Spark trial={trial} extent={extent} />;
      case 'epochs':
        return trial.epochs === 0 ? '' : formatCount(trial.epochs);
      case 'time':
        return trial.duration === null ? '' : formatDuration(trial.duration);
      default: {
        const value = trial.values[key.slice(VALUE_PREFIX.length)];
        if (value === undefined || value === null) {
          return '';
        }
        const shown = formatValue(value, isLog);
        return <span title={typeof value === 'number' ? String(value) : shown}>{shown}</span>;
      }
    }
  }

  /** Why the trial has the state that it has, where there is more to say than the state. */
  private _why(): string | undefined {
    const { trial, strings } = this.props;
    return trial.pruned === null
      ? undefined
      : strings.table.pruned(trial.pruned.epoch + 1, trial.pruned.reason);
  }

  private _score() {
    const { trial, strings, sign } = this.props;
    if (trial.status === 'INVALID') {
      return (
        <span class="kt-Faint" title={trial.error?.message}>
          {formatScore(trial.score ?? NaN)}
        </span>
      );
    }
    if (trial.error !== null) {
      const { type, line, message } = trial.error;
      const text = strings.table.errorAt(type, line);
      return (
        <span class="kt-Faint kt-mod-small" title={`${text}: ${message}`}>
          {text}
        </span>
      );
    }
    const score = scoreOf(trial, sign);
    if (score === null) {
      return trial.hasEnded ? <span class="kt-Faint">–</span> : '';
    }
    return trial.score === null ? (
      <span class="kt-Soft" title={strings.table.soFar}>
        {formatScore(score)}
      </span>
    ) : (
      <b title={String(score)}>{formatScore(score)}</b>
    );
  }
}
