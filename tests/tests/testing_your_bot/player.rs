//! The bot: what it says and votes, and nothing else.

use botornot_sdk::{Chat, Guess, Line, Player, Replies, Result, WhyVote};

/// Asks back, and takes whoever writes essays for an agent.
pub struct Curious;

impl Player for Curious {
    async fn on_message(&mut self, _: &Chat, message: &Line) -> Result<Replies> {
        Ok(if message.text.ends_with('?') { "hm, not sure. you?" } else { "and then?" }.into())
    }

    async fn vote(&mut self, chat: &Chat, _: WhyVote) -> Result<Guess> {
        let writes_essays = chat.transcript.lines().iter().any(|line| line.text.len() > 100);
        Ok(if writes_essays { Guess::Agent } else { Guess::Human })
    }
}
