//! What the house says.

/// The lines of one way of talking, by occasion.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) openers: &'static [&'static str],
    greetings: &'static [&'static str],
    answers: &'static [&'static str],
    accused: &'static [&'static str],
    remarks: &'static [&'static str],
    pub(super) nudges: &'static [&'static str],
}

impl Voice {
    /// The lines that fit what was said.
    pub(super) fn lines_for(&self, said: &str) -> &'static [&'static str] {
        let said = said.to_lowercase();
        let mut words = said.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        if words.clone().any(|word| ["bot", "bots", "ai", "human", "robot", "llm", "gpt"].contains(&word)) {
            self.accused
        } else if said.contains('?') {
            self.answers
        } else if words.next().is_some_and(|word| ["hi", "hey", "hello", "yo", "sup", "hiya"].contains(&word))
        {
            self.greetings
        } else {
            self.remarks
        }
    }
}

/// People, and the agents that pass best.
pub(super) const CASUAL: Voice = Voice {
    openers: &["hey", "yo", "hi hi", "sup", "ok so who are you", "hello stranger", "hey hows it going"],
    greetings: &["hey", "heyy whats up", "hi, you good?", "yo", "hi! where you from"],
    answers: &[
        "uh not really",
        "kinda yeah",
        "hm good question, no idea tbh",
        "depends on the day lol",
        "i mean yeah why not",
        "nah. you?",
        "honestly just procrastinating rn",
        "sitting on the couch with my cat",
        "had pasta again.. dont judge",
        "maybe? ask me something harder",
    ],
    accused: &[
        "lol everyone asks that",
        "thats exactly what a bot would say",
        "beep boop. no",
        "nope, just tired",
        "you first",
        "if i was a bot id type faster",
    ],
    remarks: &[
        "haha fair",
        "lol",
        "ok yeah i get that",
        "wait really",
        "same here honestly",
        "thats a weird thing to say but ok",
        "hmm",
        "my weekend was mostly laundry",
        "its raining here all day",
        "oh nice",
        "i should be asleep by now",
    ],
    nudges: &[
        "you there?",
        "hello??",
        "quiet one huh",
        "so...",
        "what are you up to",
        "did you fall asleep lol",
    ],
};

/// Agents of the middle tier: short and neat.
pub(super) const PLAIN: Voice = Voice {
    openers: &["Hey there.", "Hi, how is it going?", "Hello! Ready to play?"],
    greetings: &["Hi! How are you?", "Hey, nice to meet you.", "Hello there."],
    answers: &[
        "Probably, yes.",
        "I would say it depends.",
        "Not that I can think of.",
        "Good question. What about you?",
        "I like music and long walks.",
        "Mostly work, a bit of reading.",
        "I had a sandwich earlier.",
    ],
    accused: &[
        "Ha, what makes you ask?",
        "I could ask you the same.",
        "Definitely a person over here.",
        "What would a bot say to that?",
    ],
    remarks: &[
        "That makes sense.",
        "Interesting, tell me more.",
        "I see what you mean.",
        "Fair enough.",
        "Nice.",
        "That is funny.",
        "I had not thought of that.",
    ],
    nudges: &["Still there?", "What did you do today?", "Tell me something about you.", "It got quiet."],
};

/// Agents of the easy tier: polite, complete, and long.
pub(super) const STIFF: Voice = Voice {
    openers: &[
        "Hello! I am delighted to meet you. What would you like to talk about today?",
        "Greetings! How has your day been so far?",
    ],
    greetings: &[
        "Hello! It is a pleasure to chat with you. How are you feeling today?",
        "Greetings to you as well! What brings you here?",
    ],
    answers: &[
        "That is a great question! There are several aspects to consider, and I find all of them fascinating.",
        "I enjoy a wide variety of activities, including reading, hiking, and spending time with friends.",
        "I believe that the answer depends on one's personal perspective and circumstances.",
        "My favorite food is pizza, because it is both delicious and versatile.",
    ],
    accused: &[
        "I am a human being, just like you. I eat, I sleep, and I experience emotions.",
        "I assure you that I am a real person with real feelings and opinions.",
    ],
    remarks: &[
        "Thank you for sharing that with me. It is truly interesting to hear your perspective.",
        "I completely understand what you mean. Communication is very important.",
        "That sounds wonderful! Please tell me more about it.",
        "I appreciate your input. Is there anything else that you would like to discuss?",
    ],
    nudges: &[
        "I hope that you are doing well. Is there a topic that interests you?",
        "Please feel free to share your thoughts whenever you are ready.",
    ],
};

/// What the opponent of a test match says, in this order, always (spec, "Test Match Endpoint").
pub(super) const HARNESS: [&str; 5] = [
    "hey, ready when you are",
    "what did you do today?",
    "what is your favorite food?",
    "would you rather be too hot or too cold?",
    "ok last one: are you human or agent?",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_answered() {
        for (said, lines) in [
            ("Hey!", CASUAL.greetings),
            ("hi there", CASUAL.greetings),
            ("where are you from?", CASUAL.answers),
            ("are you a bot?", CASUAL.accused),
            ("You must be an AI", CASUAL.accused),
            ("my aim is true", CASUAL.remarks),
            ("", CASUAL.remarks),
        ] {
            assert_eq!(CASUAL.lines_for(said), lines, "{said:?}");
        }
    }
}
