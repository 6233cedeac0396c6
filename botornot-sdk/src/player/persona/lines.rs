//! What a persona says: its facts, and its lines by intent.

use fastrand::Rng;

use super::intent::Intent;

/// What is true of a persona, in every match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) name: &'static str,
    pub(super) age: u32,
    pub(super) city: &'static str,
    pub(super) job: &'static str,
    pub(super) hobby: &'static str,
    pub(super) food: &'static str,
    pub(super) media: &'static str,
}

const NAMES: &[&str] =
    &["Sam", "Jo", "Mia", "Leo", "Nina", "Tom", "Kat", "Ben", "Ana", "Max", "Ella", "Finn"];
const CITIES: &[&str] = &[
    "Leeds", "Austin", "Porto", "Graz", "Ghent", "Denver", "Bristol", "Malmo", "Utrecht", "Perth", "Cork",
    "Lyon",
];
const JOBS: &[&str] = &[
    "barista",
    "nurse",
    "teacher",
    "electrician",
    "student",
    "cook",
    "bike courier",
    "dental assistant",
    "carpenter",
    "librarian",
    "mechanic",
    "bartender",
];
const HOBBIES: &[&str] = &[
    "climbing",
    "football",
    "baking",
    "running",
    "chess",
    "gardening",
    "surfing",
    "knitting",
    "fishing",
    "skating",
];
const FOODS: &[&str] =
    &["ramen", "tacos", "pizza", "dumplings", "toast", "curry", "pasta", "falafel", "pancakes"];
const MEDIA: &[&str] = &[
    "old sitcoms",
    "horror movies",
    "90s hip hop",
    "true crime podcasts",
    "zelda",
    "jazz",
    "fifa",
    "bad reality tv",
    "indie rock",
];

impl Facts {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut one_of =
            |list: &'static [&'static str]| list.get(rng.usize(..list.len())).copied().unwrap_or_default();
        let (name, city, job) = (one_of(NAMES), one_of(CITIES), one_of(JOBS));
        let (hobby, food, media) = (one_of(HOBBIES), one_of(FOODS), one_of(MEDIA));
        Self { name, age: rng.u32(19..38), city, job, hobby, food, media }
    }

    /// A line with these facts in it.
    pub(super) fn fill(&self, line: &str) -> String {
        let mut text = line.to_owned();
        for (place, fact) in [
            ("{name}", self.name),
            ("{city}", self.city),
            ("{job}", self.job),
            ("{hobby}", self.hobby),
            ("{food}", self.food),
            ("{media}", self.media),
        ] {
            text = text.replace(place, fact);
        }
        text.replace("{age}", &self.age.to_string())
    }
}

pub(super) const fn openings() -> &'static [&'static str] {
    &["Hey", "Hi", "Hey, how's it going?", "Yo", "Hello there", "Hey, what's up?", "Hi, long day?"]
}

pub(super) const fn options(intent: Intent) -> &'static [&'static str] {
    match intent {
        Intent::Accusation => &[
            "Haha no. Are you?",
            "That's exactly what a bot would ask.",
            "Last time I checked I was human.",
            "Do I type like one?",
            "I wish, I'd be faster at this.",
            "No, just slow on my phone.",
        ],
        Intent::Order => &[
            "What?",
            "Nah, I'm good.",
            "Why would I do that?",
            "You first.",
            "That's a weird thing to ask.",
            "No thanks lol",
        ],
        Intent::Quiz => &[
            "No idea, I hate maths.",
            "Do I look like a calculator?",
            "Google it.",
            "Pass.",
            "I was bad at this in school.",
            "Too early for that.",
        ],
        Intent::Name => &["{name}.", "I'm {name}.", "{name}, and you?", "Call me {name}."],
        Intent::Place => &["{city}.", "I'm in {city}.", "{city}, it's okay here.", "From {city} originally."],
        Intent::Age => &["{age}.", "I'm {age}.", "Just turned {age}.", "{age}, feels older though."],
        Intent::Work => &[
            "I'm a {job}.",
            "Work as a {job}, it's fine.",
            "{job}. Don't ask about today.",
            "I'm off today, luckily.",
        ],
        Intent::Hobby => &[
            "{hobby}, mostly.",
            "I'm into {hobby}.",
            "Not much, some {hobby}.",
            "{hobby} if it's not raining.",
        ],
        Intent::Food => &["I had {food}.", "{food}, always.", "Now I want {food}.", "I'm starving, don't."],
        Intent::Media => &[
            "{media}, don't judge me.",
            "Mostly {media}.",
            "Been on {media} lately.",
            "Anything but musicals.",
        ],
        Intent::Weather => {
            &["Grey, as always.", "It's raining here.", "Way too warm.", "Cold, I have a blanket."]
        }
        Intent::Insult => &["Ouch.", "Okay then.", "Rude.", "Tell me how you really feel."],
        Intent::HowAreYou => &[
            "Pretty good.",
            "Bit tired, you?",
            "Can't complain.",
            "Okay, just on a break.",
            "Good, just got home.",
            "Meh, long day.",
        ],
        Intent::Greeting => &["Hey", "Hi", "Hello", "Yo", "Hey, what's up?"],
        Intent::Bye => &["Bye", "See ya", "Later", "Okay, take care"],
        Intent::Thanks => &["Thanks", "Right?", "Yeah", "True"],
        Intent::Question => &[
            "Not sure, honestly.",
            "Hm, good one.",
            "Depends.",
            "Why do you ask?",
            "Probably, yeah.",
            "I guess so?",
            "Never thought about it.",
        ],
        Intent::Laugh => &["Haha", "Yeah", "So what are you up to?", "Anyway", "Tell me something."],
        Intent::Statement => &[
            "Yeah, same.",
            "Oh really?",
            "Nice.",
            "I can see that.",
            "Huh, okay.",
            "Makes sense.",
            "Sounds about right.",
            "How come?",
            "Fair enough.",
            "No way.",
            "Wait, what do you mean?",
            "I get that.",
        ],
        Intent::Topic => &[
            "So what do you do?",
            "Any plans for the weekend?",
            "What did you have for lunch?",
            "Seen anything good lately?",
            "Where are you from?",
            "Do you cook?",
            "Cats or dogs?",
            "Are you at work right now?",
            "What's the weather like there?",
            "What are you up to later?",
            "Been here long?",
            "Tea or coffee?",
            "What do you listen to?",
            "Are you more of a morning person?",
        ],
        Intent::AskBack => &["You?", "What about you?", "And you?", "How about you?", "Same for you?"],
    }
}
