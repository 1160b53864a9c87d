import type { Registry } from './client-set.ts';

export type Step = { file: string; args: string[] };

type Steps = {
  /** Written before anything runs. */
  files: Record<string, string>;
  /** What takes the packages from their registry: done once. */
  fetch: Step[];
  /** What makes a program of the script: done each time, because the script may have changed. */
  build: Step[];
};

/** How each registry's own client installs packages of exact versions into the folder it is run in. */
export function installSteps(registry: Registry, packages: Record<string, string>): Steps {
  const pairs = Object.entries(packages);
  switch (registry) {
    case 'npm':
      return {
        files: { 'package.json': JSON.stringify({ private: true, type: 'module', dependencies: packages }) },
        // Peers are not looked at: old and new majors of one client stand side by side under aliases.
        fetch: [step('npm', 'install', '--ignore-scripts', '--legacy-peer-deps', ...quiet)],
        build: [],
      };
    case 'pip': {
      const names = pairs.map(([name, version]) => `${name}==${version}`);
      const pip = ['install', '--quiet', '--disable-pip-version-check', ...names];
      return {
        files: {},
        fetch: [step('python3', '-m', 'venv', 'venv'), step('venv/bin/pip', ...pip)],
        build: [],
      };
    }
    case 'go': {
      const names = pairs.map(([name, version]) => `${name}@v${version.replace(/^v/, '')}`);
      return {
        files: {},
        fetch: [step('go', 'mod', 'init', 'try'), step('go', 'get', ...names)],
        build: [step('go', 'mod', 'tidy'), step('go', 'build', '-o', 'try', '.')],
      };
    }
    case 'maven':
      return {
        files: { 'pom.xml': pomOf(pairs) },
        fetch: [step('mvn', '-q', '-B', 'dependency:build-classpath', '-Dmdep.outputFile=classpath')],
        build: [],
      };
  }
}

const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];

const step = (file: string, ...args: string[]): Step => ({ file, args });

/** Packages are written `group:artifact`. */
function pomOf(pairs: [string, string][]): string {
  const dependencies = pairs.map(([name, version]) => {
    const [group = '', artifact = ''] = name.split(':');
    return `<dependency>${xml({ groupId: group, artifactId: artifact, version })}</dependency>`;
  });
  const self = xml({ modelVersion: '4.0.0', groupId: 'try', artifactId: 'try', version: '1' });
  const head = '<project xmlns="http://maven.apache.org/POM/4.0.0">';
  return `${head}${self}<dependencies>${dependencies.join('')}</dependencies></project>`;
}

function xml(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, text]) => `<${name}>${text}</${name}>`)
    .join('');
}
