/** Writes samples as Prometheus text (0.0.4) or OpenMetrics (1.0). */
import { METRICS, type Metric, type MetricName, metricOf, type Samples } from '../../shared/metrics.js';

/** The two forms that scrapers ask for by Accept. */
export type MetricsForm = 'prometheus' | 'openmetrics';

export const METRICS_TYPES: Readonly<Record<MetricsForm, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

/** Every metric that has samples, in the order of the table, each with its help and type. */
export function metricsText(samples: Samples, form: MetricsForm): string {
  const groups = new Map<MetricName, string[]>();
  for (const [name, value] of Object.entries(samples)) {
    const metric = metricOf(name);
    if (metric === null) continue;
    const lines = groups.get(metric);
    const line = `${name} ${value}`;
    if (lines === undefined) groups.set(metric, [line]);
    else lines.push(line);
  }
  let text = '';
  for (const name of Object.keys(METRICS).filter(isMetricName)) {
    const lines = groups.get(name);
    if (lines === undefined) continue;
    const { type, help }: Metric = METRICS[name];
    // A counter's name ends in _total in its samples alone (OpenMetrics 1.0, counter).
    const family = form === 'openmetrics' && type === 'counter' ? name.replace(/_total$/, '') : name;
    text += `# HELP ${family} ${help}\n# TYPE ${family} ${type}\n${lines.join('\n')}\n`;
  }
  return form === 'openmetrics' ? `${text}# EOF\n` : text;
}

/** What a scraper wants by its Accept field. */
export function formFor(accept: string | undefined): MetricsForm {
  return accept?.includes('application/openmetrics-text') === true ? 'openmetrics' : 'prometheus';
}
