-- The id of an account is the subject of an identity provider's tokens: any text without control characters.
-- The rules of one installation's ids are its provider's, not ours.
alter table accounts drop constraint account_id_is_short_and_plain;
alter table accounts add constraint account_id_is_short_and_printable check (
  char_length(id) between 1 and 255 and id !~ '[\u0001-\u001f\u007f-\u009f]'
);
