//! The dashboard's token (spec, "JWT Token Auth").

use super::{Answer, Call, Refusal};
use crate::sandbox::arena::Arena;
use crate::sandbox::json::Object;
use crate::sandbox::token;

/// `POST /api/v1/auth/token`.
pub(crate) fn token(arena: &mut Arena, call: &Call<'_>) -> Result<Answer, Refusal> {
    let signed = call.signed("auth")?;
    let token = token::issue(&arena.chronicle().token_secret, &signed.wallet_address, arena.time(call.now));
    Ok(Answer::ok(&Object::new().with("token", token)))
}
