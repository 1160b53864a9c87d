import type { Database } from '../../platform/postgres/database.ts';
import type { EndpointThresholds } from '../rules/delivery.ts';

/**
 * Parts of the statement that records tries (`moved`): what they say of their endpoints (`updated_endpoints`;
 * one that was disabled just now has a reason). A success forgets every failure; a 410 disables at once. The
 * rows of healthy endpoints are not written; the others are locked in the order of their ids, so that two
 * statements never wait for each other in a circle.
 */
export const endpointChanges = (sql: Database, thresholds: EndpointThresholds) => sql`
  outcomes as (
    select m.endpoint_id as id, bool_or(m.outcome = 'delivered') as delivered,
      bool_or(m.status_code = 410) as gone,
      count(*) filter (where m.outcome <> 'delivered')::integer as failed, bool_or(m.is_probe) as probed
    from moved m where m.endpoint_id is not null
    group by m.endpoint_id
  ),
  locked_endpoints as (
    select e.id, e.failures, e.failing_since, e.probe_seconds
    from webhook_endpoints e join outcomes o on o.id = e.id
    where e.state = 'enabled' and (not o.delivered or o.gone or e.failures > 0)
    order by e.id
    for no key update of e
  ),
  next_health as (
    select l.id, o.gone, o.probed,
      case when o.delivered then 0 else l.failures + o.failed end as failures,
      case when not o.delivered then coalesce(l.failing_since, now()) end as failing_since,
      case
        when o.delivered or l.failures + o.failed < ${thresholds.failuresMax}::integer then null
        when l.probe_seconds is null then ${thresholds.probeSeconds}::integer
        when o.probed then least(l.probe_seconds * 2, ${thresholds.probeSecondsMax}::integer)
        else l.probe_seconds
      end as probe_seconds
    from locked_endpoints l join outcomes o on o.id = l.id
  ),
  updated_endpoints as (
    update webhook_endpoints e
    set failures = n.failures, failing_since = n.failing_since, probe_seconds = n.probe_seconds,
      probe_at = case
        when n.probe_seconds is null then null
        when e.probe_at is null or n.probed then now() + make_interval(secs => n.probe_seconds)
        else e.probe_at
      end,
      state = case when r.reason is null then e.state else 'disabled' end,
      disabled_reason = r.reason, disabled_at = case when r.reason is not null then now() end
    from next_health n
    cross join lateral (
      select case
        when n.gone then 'gone'
        when n.failing_since < now() - make_interval(secs => ${thresholds.disableSeconds}::double precision)
          and n.failures >= ${thresholds.disableFailures}::integer then 'failing'
      end as reason
    ) r
    where e.id = n.id
    returning e.id, r.reason
  )`;
