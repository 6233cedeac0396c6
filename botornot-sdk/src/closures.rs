//! A player of two closures, for a bot that has no state of its own.

use std::fmt;
use std::future::{Future, ready};

use sdk_core::error::Result;

use crate::model::Guess;
use crate::player::{Chat, Line, Player, Replies};
use crate::state::WhyVote;

/// A [`Player`] of two closures: what to say to a message, and what the opponent is. Both are asked where
/// [`Player::on_message`] and [`Player::vote`] are, and what they know is in the [`Chat`].
///
/// ```
/// use botornot_sdk::{Chat, Guess, Line, Player, Replies, player};
///
/// fn bot() -> impl Player {
///     player(
///         |_: &Chat, message: &Line| match message.text.ends_with('?') {
///             true => Replies::say("haha yes"),
///             false => Replies::none(),
///         },
///         |chat: &Chat| match chat.transcript.lines().len() {
///             0..=4 => Guess::Human,
///             _ => Guess::Agent,
///         },
///     )
/// }
/// # drop(bot());
/// ```
///
/// A bot that waits for something (a model, a database), or that remembers, is a struct with the trait.
pub fn player<A, R, V>(answer: A, vote: V) -> PlayerFn<A, V>
where
    A: FnMut(&Chat, &Line) -> R + Send + 'static,
    R: Into<Replies>,
    V: FnMut(&Chat) -> Guess + Send + 'static,
{
    PlayerFn { answer, vote }
}

/// What [`player`] gives.
pub struct PlayerFn<A, V> {
    answer: A,
    vote: V,
}

impl<A, R, V> Player for PlayerFn<A, V>
where
    A: FnMut(&Chat, &Line) -> R + Send + 'static,
    R: Into<Replies>,
    V: FnMut(&Chat) -> Guess + Send + 'static,
{
    fn on_message(&mut self, chat: &Chat, message: &Line) -> impl Future<Output = Result<Replies>> + Send {
        ready(Ok((self.answer)(chat, message).into()))
    }

    fn vote(&mut self, chat: &Chat, _: WhyVote) -> impl Future<Output = Result<Guess>> + Send {
        ready(Ok((self.vote)(chat)))
    }
}

impl<A, V> fmt::Debug for PlayerFn<A, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayerFn").finish_non_exhaustive()
    }
}
