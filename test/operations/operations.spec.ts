import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings, Settings } from '../../src/config/settings.js';
import { ROOT } from '../helpers/paths.js';

const read = (name: string) => readFileSync(path.join(ROOT, name), 'utf8');

/** The parts of a histogram. */
const PARTS = /_(bucket|count|sum)$/;
const SERIES = /\b(?:image_processing|nodejs|process)_[a-z0-9_]+/g;

const documented = new Set(read('docs/operations.md').match(SERIES));
const unknownIn = (text: string) =>
  [...new Set(text.match(SERIES))].filter(
    (name) => !documented.has(name) && !documented.has(name.replace(PARTS, '')),
  );

describe('deploy/alerts.yml', () => {
  const rules = parse(read('deploy/alerts.yml')).groups.flatMap(({ rules }: any) => rules) as {
    alert: string;
    expr: string;
  }[];

  it('is accepted by promtool', () => {
    if (!hasPromtool()) {
      if (process.env.CI) throw new Error('there is no promtool: install the package prometheus');
      return;
    }
    const said = execFileSync('promtool', [
      'check',
      'rules',
      path.join(ROOT, 'deploy/alerts.yml'),
    ]).toString();
    expect(said).toContain(`${rules.length} rules found`);
  });

  it('asks for series that docs/operations.md describes, and is described there itself', () => {
    for (const { alert, expr } of rules) {
      expect(unknownIn(expr.replace(/job="[^"]*"/g, ''))).toEqual([]);
      expect(read('docs/operations.md')).toContain(`| \`${alert}\` |`);
    }
  });

  it('fires where it should, and only there', () => {
    if (!hasPromtool()) return;
    execFileSync('promtool', ['test', 'rules', path.join(ROOT, 'test/fixtures/alerts.test.yml')], {
      stdio: 'pipe',
    });
  });
});

describe('deploy/grafana.json', () => {
  it('asks for series that docs/operations.md describes', () => {
    const { panels } = JSON.parse(read('deploy/grafana.json'));
    const expressions = panels.flatMap(({ targets }: any) =>
      targets.map(({ expr }: any) => expr),
    ) as string[];

    expect(expressions.length).toBeGreaterThan(20);
    for (const expression of expressions) {
      expect(expression.match(SERIES)).not.toBeNull();
      expect(unknownIn(expression)).toEqual([]);
    }
  });
});

/** Values that `kubectl create secret` is given, by name: what its line in the example says. */
const SECRETS = {
  DATABASE_URL: 'mysql://user:password@host:3306/images',
  REDIS_URL: 'redis://host:6379/0',
  SECRET_KEY: 'x'.repeat(44),
  API_KEYS: 'x'.repeat(48),
};

/** Variables that the AWS SDK reads. */
const OF_THE_SDK = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

describe('deploy/kubernetes', () => {
  const text = read('deploy/kubernetes/image-processing.yaml');
  const documents = parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  const of = (kind: string) => documents.filter((document) => document.kind === kind);
  const pods = [...of('Job'), ...of('Deployment')].map(({ metadata, spec }) => ({
    name: metadata.name,
    labels: spec.template.metadata?.labels,
    selector: spec.selector?.matchLabels,
    spec: spec.template.spec,
    container: spec.template.spec.containers[0],
  }));
  const [config] = of('ConfigMap');
  const deployments = pods.filter(({ selector }) => selector);

  it('has API, workers and the migration, with settings that exist and work together', () => {
    expect(pods.map(({ name }) => name.replace('image-processing-', ''))).toEqual([
      'migration',
      'api',
      'worker',
    ]);
    const described = [...text.matchAll(/--from-literal=([A-Z_]+)=/g)].map(([, name]) => name);
    expect(described).toEqual([...Object.keys(SECRETS), ...OF_THE_SDK]);
    for (const { container } of pods) {
      const own = Object.fromEntries((container.env ?? []).map(({ name, value }: any) => [name, value]));
      const given: Record<string, string> = { ...config.data, ...SECRETS, ...own };
      expect(Object.keys(new Settings())).toEqual(expect.arrayContaining(Object.keys(given)));
      expect(() => readSettings(given)).not.toThrow();
      expect(container.envFrom).toEqual([
        { configMapRef: { name: config.metadata.name } },
        { secretRef: { name: 'image-processing' } },
      ]);
    }
  });

  it('probes addresses that there are, of the port that is listened on', () => {
    const paths = Object.keys(JSON.parse(read('openapi.json')).paths);
    for (const { container } of deployments) {
      const { startupProbe, livenessProbe, readinessProbe, ports } = container;
      expect(String(ports[0].containerPort)).toBe(config.data.PORT);
      expect([startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual([
        ...['/health/live', '/health/live', '/health/ready'],
      ]);
      for (const { httpGet } of [livenessProbe, readinessProbe]) expect(paths).toContain(httpGet.path);
    }
  });

  it('refers to what there is, and lets every process stop in time', () => {
    for (const { labels, selector, spec } of deployments) {
      expect(labels).toMatchObject(selector);
      expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(35);
    }
    const [service] = of('Service');
    expect(deployments.find(({ name }) => name.endsWith('-api'))!.labels).toMatchObject(
      service.spec.selector,
    );
    for (const { spec, container } of pods)
      expect(container.volumeMounts.map(({ name }: any) => name)).toEqual(
        spec.volumes.map(({ name }: any) => name),
      );
    expect(config.data.DATA_DIR).toBe('/data');
    expect(pods[0].container.args.slice(0, 2)).toEqual(
      JSON.parse(/^CMD (\[.*\])$/m.exec(read('Dockerfile'))![1]),
    );
  });

  it('confines every container', () => {
    for (const { spec, container } of pods) {
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true });
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(container.securityContext).toEqual({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources.limits.memory).toBeDefined();
    }
  });
});

describe('deploy/docker-compose.s3.yml', () => {
  it('gives API and workers the settings of a bucket, and no shared volume', () => {
    const text = read('deploy/docker-compose.s3.yml').replaceAll('!override ', '');
    const { services } = parse(text, { merge: true });

    expect(Object.keys(services)).toEqual(['api', 'worker']);
    for (const { environment, volumes, tmpfs } of Object.values<any>(services)) {
      const known = [...Object.keys(new Settings()), ...OF_THE_SDK];
      expect(known).toEqual(expect.arrayContaining(Object.keys(environment)));
      expect(Object.keys(environment)).toEqual(expect.arrayContaining(['S3_BUCKET', ...OF_THE_SDK]));
      expect(volumes).toEqual([]);
      expect(tmpfs[1]).toMatch(/^\/data:/);
    }
  });
});

function hasPromtool(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
