import { z } from 'zod';
import { lanes } from '../../../shared/jobs/rules/job.ts';
import { pageOf } from '../../http/pages.ts';
import { component } from '../components.ts';
import { chatCompletionSchema } from './chat-completion.ts';

/** The statuses of a job as its account sees them. */
const jobStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired'] as const;

const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  cached_tokens: z.int(),
  cache_write_tokens: z.int(),
  reasoning_tokens: z.int(),
  total_tokens: z.int(),
  estimated: z.literal(true).optional().describe('Part of it is our own count'),
});

const error = z.object({
  type: z.enum([
    'provider_rejected',
    'provider_auth',
    'provider_failed',
    'provider_unavailable',
    'outcome_unknown',
    'expired',
    'cancelled',
  ]),
  message: z.string(),
  provider_status: z.int().nullable(),
  provider_code: z.string().optional(),
});

/** The object of `toJobObject`. */
export const jobSchema = component(
  'Job',
  z.object({
    id: z.string(),
    object: z.literal('job'),
    status: z.enum(jobStatuses),
    model: z.string().describe('What was asked for'),
    provider: z.string(),
    answered_model: z.string().nullable().describe('The model whose answer was charged'),
    created_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
    priority: z.enum(lanes),
    stream: z.boolean(),
    attempts: z.int(),
    hold_usd: z.string(),
    charge_usd: z.string().nullable(),
    usage: usage.nullable(),
    request: z.looseObject({}).optional().describe('As it was sent; only of a job that is read alone'),
    result: chatCompletionSchema.nullable(),
    error: error.nullable(),
    batch_id: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    queue_position: z.int().nullable(),
    estimated_start_at: z.iso.datetime().nullable(),
    links: z.object({ self: z.string(), events: z.string(), cancel: z.string() }),
  }),
);

export const jobListSchema = component('JobList', pageOf(jobSchema));

/** What a job with a body would hold. */
export const estimateSchema = component(
  'Estimate',
  z.object({ hold_usd: z.string(), input_tokens: z.int(), max_output_tokens: z.int() }),
);

/** What a cancellation of many jobs came to. */
export const cancellationSchema = component(
  'JobCancellation',
  z.object({
    object: z.literal('job.cancellation'),
    cancelled: z.int().describe('Jobs that ended'),
    asked: z.int().describe('Running jobs that were asked to stop'),
  }),
);

export const attemptListSchema = component(
  'AttemptList',
  pageOf(
    z.object({
      attempt: z.int(),
      provider: z.string(),
      model: z.string(),
      started_at: z.iso.datetime(),
      ended_at: z.iso.datetime().nullable(),
      outcome: z.string(),
      status: z.int().nullable(),
      error: z.string().nullable(),
      usage: usage.nullable(),
      service_tier: z.string().nullable(),
      cost_usd: z.string().nullable(),
    }),
  ),
);

/** What is left of an erased job. */
export const deletedJobSchema = component(
  'DeletedJob',
  z.object({ id: z.string(), object: z.literal('job'), deleted: z.literal(true) }),
);

export const streamTokenSchema = component(
  'StreamToken',
  z.object({ token: z.string(), expires_at: z.string(), url: z.string() }),
);
