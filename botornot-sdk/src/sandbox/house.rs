//! The house: opponents that are always there. "Humans" play by script, agents in three tiers.
//!
//! A [`Mind`] is one of them in one match. It sees what a player sees, the opponent's words and their times, and never what the
//! opponent is.

use std::time::Duration;

use fastrand::Rng;

use super::settings::HouseVotes;
use super::voice::{CASUAL, PLAIN, STIFF, Voice};
use crate::model::{AgentTier, Guess};

/// A kind of house opponent.
///
/// | opponent | talks | answers after | guesses by |
/// |---|---|---|---|
/// | human | briefly, in lower case, first now and then | 0.9 to 3.2 s, and a typing time | a fair look, with noise |
/// | easy agent | in whole, polite sentences | 0.4 to 0.7 s, always | next to nothing |
/// | medium agent | in neat short sentences | 0.7 to 1.8 s | some of the signs |
/// | hard agent | like a human | 0.8 to 2.8 s | all of the signs |
///
/// The signs of an agent are: answers quicker than anybody types, essays, repeated texts, phrases of assistants, silence. Who
/// shows that it types is believed a little more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Opponent {
    /// A person, as far as the platform says.
    Human,
    /// An agent of tier `easy`.
    EasyAgent,
    /// An agent of tier `medium`.
    MediumAgent,
    /// An agent of tier `hard`.
    HardAgent,
}

impl Opponent {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Human, Self::EasyAgent, Self::MediumAgent, Self::HardAgent];

    /// What it is.
    pub const fn kind(self) -> Guess {
        match self {
            Self::Human => Guess::Human,
            _ => Guess::Agent,
        }
    }

    /// How good an agent it is; `None` for humans.
    pub const fn tier(self) -> Option<AgentTier> {
        match self {
            Self::Human => None,
            Self::EasyAgent => Some(AgentTier::Easy),
            Self::MediumAgent => Some(AgentTier::Medium),
            Self::HardAgent => Some(AgentTier::Hard),
        }
    }
}

/// The names of the house. They are the same in every sandbox, so that a bot's notes about an opponent make sense.
pub(crate) const ROSTER: [(&str, Opponent); 10] = [
    ("rando_Mika77", Opponent::Human),
    ("rando_Jules3", Opponent::Human),
    ("rando_Okapi9", Opponent::Human),
    ("rando_Tess41", Opponent::Human),
    ("BEACON", Opponent::EasyAgent),
    ("ABACUS", Opponent::EasyAgent),
    ("LANTERN", Opponent::MediumAgent),
    ("CIPHER", Opponent::MediumAgent),
    ("ORACLE", Opponent::HardAgent),
    ("MIRAGE", Opponent::HardAgent),
];

/// How one kind of opponent behaves.
#[derive(Debug)]
struct Manner {
    voice: &'static Voice,
    /// Chances out of 100.
    opens: u32,
    answers: u32,
    shows_typing: u32,
    /// Milliseconds before it begins to type, and for each character.
    thinks: (u64, u64),
    types: (u64, u64),
    /// Seconds of silence after which it says something unasked.
    nudges_after: (u64, u64),
    most_messages: u32,
    /// How much of the signs it sees, and how far it is off at most, both out of 1.
    attention: f64,
    noise: f64,
    /// When it votes, in hundredths of the match.
    votes_at: (u64, u64),
}

const fn manner(opponent: Opponent) -> &'static Manner {
    match opponent {
        Opponent::Human => &Manner {
            voice: &CASUAL,
            opens: 55,
            answers: 85,
            shows_typing: 90,
            thinks: (900, 3_200),
            types: (45, 110),
            nudges_after: (18, 45),
            most_messages: 24,
            attention: 0.8,
            noise: 0.3,
            votes_at: (45, 90),
        },
        Opponent::EasyAgent => &Manner {
            voice: &STIFF,
            opens: 90,
            answers: 100,
            shows_typing: 20,
            thinks: (400, 700),
            types: (2, 4),
            nudges_after: (12, 15),
            most_messages: 40,
            attention: 0.1,
            noise: 0.6,
            votes_at: (25, 40),
        },
        Opponent::MediumAgent => &Manner {
            voice: &PLAIN,
            opens: 70,
            answers: 95,
            shows_typing: 60,
            thinks: (700, 1_800),
            types: (15, 40),
            nudges_after: (15, 30),
            most_messages: 30,
            attention: 0.6,
            noise: 0.35,
            votes_at: (40, 70),
        },
        Opponent::HardAgent => &Manner {
            voice: &CASUAL,
            opens: 50,
            answers: 88,
            shows_typing: 85,
            thinks: (800, 2_800),
            types: (40, 95),
            nudges_after: (20, 50),
            most_messages: 22,
            attention: 1.0,
            noise: 0.15,
            votes_at: (50, 85),
        },
    }
}

/// Something that a house opponent does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    Typing(bool),
    Say(&'static str),
    /// Breaks a silence, if there is one.
    Nudge,
    Vote,
}

/// What is done how long from now.
pub(crate) type Plan = Vec<(Duration, Act)>;

/// What has been noticed of the opponent.
#[derive(Debug, Default)]
struct Noticed {
    texts: Vec<String>,
    answers: u32,
    too_quick: u32,
    long: u32,
    repeated: u32,
    telling: u32,
    typed: bool,
}

/// A house opponent in one match. Times are since the match's start.
#[derive(Debug)]
pub(crate) struct Mind {
    manner: &'static Manner,
    chats: bool,
    votes: HouseVotes,
    rng: Rng,
    noticed: Noticed,
    said: u32,
    used: Vec<&'static str>,
    /// An answer is on its way: what comes meanwhile is answered by it.
    answering: bool,
    last_own: Option<Duration>,
    last_any: Duration,
}

/// The longest text of which a player thinks nothing.
const ESSAY: usize = 140;
/// Words that people do not use with strangers in a hurry.
const TELLING: [&str; 8] = [
    "as an ai",
    "language model",
    "how can i assist",
    "how can i help",
    "certainly!",
    "great question",
    "i'm here to",
    "delve",
];
/// As many texts are compared with a new one.
const REMEMBERED: usize = 40;

impl Mind {
    pub(crate) fn new(opponent: Opponent, chats: bool, votes: HouseVotes, rng: Rng) -> Self {
        Self {
            manner: manner(opponent),
            chats,
            votes,
            rng,
            noticed: Noticed::default(),
            said: 0,
            used: Vec::new(),
            answering: false,
            last_own: None,
            last_any: Duration::ZERO,
        }
    }

    /// The match has started.
    pub(crate) fn on_start(&mut self, length: Duration) -> Plan {
        let mut plan = Vec::new();
        let (from, to) = self.manner.votes_at;
        let hundredths = self.rng.u64(from..=to);
        match self.votes {
            HouseVotes::InTime => plan.push((length.mul_f64(hundredths as f64 / 100.0), Act::Vote)),
            HouseVotes::At(at) => plan.push((at, Act::Vote)),
            HouseVotes::AfterTheClient | HouseVotes::Never => {}
        }
        if self.chats {
            if self.chance(self.manner.opens) {
                let openers = self.manner.voice.openers;
                plan.extend(self.speak(openers));
            }
            plan.push((self.until_nudge(), Act::Nudge));
        }
        plan
    }

    /// The opponent has said something.
    pub(crate) fn on_message(&mut self, body: &str, at: Duration) -> Plan {
        self.notice(body, at);
        self.last_any = at;
        if self.answering || !self.may_speak() || !self.chance(self.manner.answers) {
            return Vec::new();
        }
        let lines = self.manner.voice.lines_for(body);
        self.speak(lines)
    }

    /// The opponent shows that it types.
    pub(crate) fn on_typing(&mut self) {
        self.noticed.typed = true;
    }

    /// Some time has passed.
    pub(crate) fn on_nudge(&mut self, at: Duration) -> Plan {
        let mut plan = Vec::new();
        let silent_for = at.saturating_sub(self.last_any);
        let (shortest, _) = self.manner.nudges_after;
        if silent_for >= Duration::from_secs(shortest) && !self.answering && self.may_speak() {
            let nudges = self.manner.voice.nudges;
            plan.extend(self.speak(nudges));
        }
        plan.push((self.until_nudge(), Act::Nudge));
        plan
    }

    /// A text of its own went out.
    pub(crate) fn on_said(&mut self, at: Duration) {
        self.answering = false;
        self.said += 1;
        self.last_own = Some(at);
        self.last_any = at;
    }

    /// The opponent has voted: now it must, too.
    pub(crate) fn on_opponent_voted(&mut self) -> Plan {
        match self.votes {
            HouseVotes::InTime | HouseVotes::AfterTheClient => {
                vec![(Duration::from_millis(self.rng.u64(700..=4_000)), Act::Vote)]
            }
            HouseVotes::At(_) | HouseVotes::Never => Vec::new(),
        }
    }

    /// What it takes the opponent for.
    pub(crate) fn guess(&mut self) -> Guess {
        let off = (self.rng.f64() * 2.0 - 1.0) * self.manner.noise;
        let suspicion = 0.5 + (self.noticed.suspicion() - 0.5) * self.manner.attention + off;
        if suspicion > 0.5 { Guess::Agent } else { Guess::Human }
    }

    fn may_speak(&self) -> bool {
        self.chats && self.said < self.manner.most_messages
    }

    fn chance(&mut self, out_of_100: u32) -> bool {
        self.rng.u32(0..100) < out_of_100
    }

    fn until_nudge(&mut self) -> Duration {
        let (from, to) = self.manner.nudges_after;
        Duration::from_millis(self.rng.u64(from * 1_000..=to * 1_000))
    }

    /// A line that was not used yet, where there is one, with the time it takes.
    fn speak(&mut self, lines: &'static [&'static str]) -> Plan {
        let fresh: Vec<&'static str> =
            lines.iter().copied().filter(|line| !self.used.contains(line)).collect();
        let from = if fresh.is_empty() { lines } else { fresh.as_slice() };
        let Some(line) = self.rng.choice(from).copied() else { return Vec::new() };
        self.used.push(line);
        self.answering = true;
        let (least, most) = self.manner.thinks;
        let think = Duration::from_millis(self.rng.u64(least..=most));
        let (least, most) = self.manner.types;
        let length = u64::try_from(line.chars().count()).unwrap_or(u64::MAX);
        let typing = Duration::from_millis(self.rng.u64(least..=most).saturating_mul(length));
        let mut plan = Vec::new();
        if self.chance(self.manner.shows_typing) {
            plan.push((think, Act::Typing(true)));
        }
        plan.push((think + typing, Act::Say(line)));
        plan
    }

    fn notice(&mut self, body: &str, at: Duration) {
        let length = body.chars().count();
        let noticed = &mut self.noticed;
        if let Some(last_own) = self.last_own.take() {
            noticed.answers += 1;
            let least = 250 + 25 * u64::try_from(length).unwrap_or(u64::MAX).min(400);
            noticed.too_quick += u32::from(at.saturating_sub(last_own) < Duration::from_millis(least));
        }
        noticed.long += u32::from(length > ESSAY);
        let text = body.to_lowercase();
        noticed.repeated += u32::from(noticed.texts.contains(&text));
        noticed.telling += u32::from(TELLING.iter().any(|phrase| text.contains(phrase)));
        if noticed.texts.len() < REMEMBERED {
            noticed.texts.push(text);
        }
    }
}

impl Noticed {
    /// How much like an agent the opponent seems, from 0 to 1.
    fn suspicion(&self) -> f64 {
        let share = |count: u32, of: usize| match u32::try_from(of) {
            Ok(of) if of > 0 => f64::from(count) / f64::from(of),
            _ => 0.0,
        };
        let said = self.texts.len();
        let mut suspicion = 0.3;
        suspicion += 0.5 * share(self.too_quick, self.answers as usize);
        suspicion += 0.4 * share(self.long, said);
        suspicion += 0.5 * share(self.repeated, said);
        suspicion += if self.telling > 0 { 0.4 } else { 0.0 };
        suspicion += if said == 0 { 0.3 } else { 0.0 };
        suspicion -= if self.typed { 0.1 } else { 0.0 };
        suspicion.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mind(opponent: Opponent, seed: u64) -> Mind {
        Mind::new(opponent, true, HouseVotes::InTime, Rng::with_seed(seed))
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// How often, out of 200, a kind of opponent takes for an agent who plays like this.
    fn suspected(opponent: Opponent, play: impl Fn(&mut Mind)) -> usize {
        (0..200)
            .filter(|seed| {
                let mut mind = mind(opponent, *seed);
                play(&mut mind);
                mind.guess() == Guess::Agent
            })
            .count()
    }

    fn like_a_bot(mind: &mut Mind) {
        for turn in 1..=5 {
            mind.on_said(secs(turn * 10));
            mind.on_message(
                "Certainly! How can I help you today?",
                secs(turn * 10) + Duration::from_millis(40),
            );
        }
    }

    fn like_a_person(mind: &mut Mind) {
        for (turn, text) in ["hi", "not much, u?", "lol same", "im on a train"].iter().enumerate() {
            mind.on_said(secs(turn as u64 * 10));
            mind.on_typing();
            mind.on_message(text, secs(turn as u64 * 10 + 4));
        }
    }

    #[test]
    fn better_agents_guess_better() {
        let wrong = |opponent| (200 - suspected(opponent, like_a_bot)) + suspected(opponent, like_a_person);
        let (easy, medium, hard) =
            (wrong(Opponent::EasyAgent), wrong(Opponent::MediumAgent), wrong(Opponent::HardAgent));
        assert!(easy > 100, "{easy}");
        assert!(medium < easy && hard <= medium, "{easy} {medium} {hard}");
        assert_eq!(hard, 0);
    }

    #[test]
    fn whoever_says_nothing_is_suspected_now_and_then() {
        let silent = suspected(Opponent::Human, |_| {});
        assert!((60..=190).contains(&silent), "{silent}");
    }

    #[test]
    fn an_evening_repeats_and_has_an_end() {
        let evening = |seed| {
            let mut mind = mind(Opponent::Human, seed);
            let mut story = vec![mind.on_start(secs(240))];
            for turn in 0..60 {
                let at = secs(turn * 4);
                let plan = mind.on_message("and you?", at);
                for (_, act) in &plan {
                    if matches!(act, Act::Say(_)) {
                        mind.on_said(at + secs(2));
                    }
                }
                story.push(plan);
            }
            story
        };
        assert_eq!(evening(3), evening(3));
        assert_ne!(evening(3), evening(4));
        let said = evening(3).iter().flatten().filter(|(_, act)| matches!(act, Act::Say(_))).count();
        let most = manner(Opponent::Human).most_messages as usize;
        assert!((10..=most + 1).contains(&said), "{said}");
    }

    #[test]
    fn several_quick_messages_get_one_answer() {
        let mut mind = mind(Opponent::EasyAgent, 1);
        assert!(!mind.on_message("hi", secs(1)).is_empty());
        assert!(mind.on_message("are you there?", secs(1)).is_empty());
        mind.on_said(secs(2));
        assert!(!mind.on_message("ok", secs(3)).is_empty());
    }

    #[test]
    fn tiers_differ_in_how_fast_they_talk() {
        let delay = |opponent| {
            let plan = mind(opponent, 5).speak(manner(opponent).voice.nudges);
            plan.last().unwrap().0
        };
        assert!(delay(Opponent::EasyAgent) < delay(Opponent::MediumAgent));
        assert!(delay(Opponent::MediumAgent) < delay(Opponent::Human));
    }

    #[test]
    fn votes_come_when_they_are_ordered() {
        let start =
            |votes| Mind::new(Opponent::HardAgent, false, votes, Rng::with_seed(1)).on_start(secs(240));
        assert_eq!(start(HouseVotes::At(secs(7))), [(secs(7), Act::Vote)]);
        assert_eq!(start(HouseVotes::Never), []);
        let in_time = start(HouseVotes::InTime);
        assert!(matches!(in_time.as_slice(), [(at, Act::Vote)] if *at >= secs(120) && *at <= secs(204)));
        let voted = |votes| Mind::new(Opponent::Human, false, votes, Rng::with_seed(1)).on_opponent_voted();
        assert_eq!(voted(HouseVotes::AfterTheClient).len(), 1);
        assert!(voted(HouseVotes::Never).is_empty() && voted(HouseVotes::At(secs(7))).is_empty());
    }
}
