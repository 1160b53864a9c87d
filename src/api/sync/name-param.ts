import type { Surface } from '../../shared/domain/job.ts';
import { fieldOf } from '../../shared/requests/field-names.ts';

/** The path of a problem as the client of a surface wrote it. `param` is the path in a job's body, `request.` included. */
export function nameParam(surface: Surface, param: string): string {
  return fieldOf(surface, param);
}
