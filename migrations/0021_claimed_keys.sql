-- An Idempotency-Key is claimed before its work begins, in a statement that commits by itself: then everybody
-- sees it, and waits for nobody's transaction. While `claim_token` is set the work is under way, and the
-- answer is not there yet. A claim that is not renewed until `locked_until` is that of a process that died,
-- and the next who asks the same takes it over.
alter table idempotency_keys
  add column claim_token text,
  add column locked_until timestamptz,
  add constraint a_claimed_key_has_an_end check ((claim_token is null) = (locked_until is null));
