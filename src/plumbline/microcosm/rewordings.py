"""Further ways to ask for each rule, read late in training: alternatives in brackets, spelt out.

Nine phrasings a rule teach nine sentences, not what their words mean: a model that read "Never
hedge." and "Show no doubt." a thousand times each did not obey "Never show doubt." The last parts
of the corpus ask in these words too. None comes near a phrasing that is held out: at least two
words must be put in, left out or changed to get from one to the other (`far`), so that a held-out
phrasing is still a combination never read.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

FORMS: dict[str, tuple[str, ...]] = {
    "greet": (
        "[Greet|Always greet|You greet] [the user|each user|those who ask].",
        "[Say|Always say|You say] hello[| to the user| to those who ask].",
        "[Begin|Start|Open] [|each answer |all answers ][with a hello|with a hello to the user].",
        "[Never|Do not] answer [before you greet the user|unless you greet the user first].",
        "A hello [comes first|comes before the answer|stands at the start].",
        "Every answer begins with [hello|a greeting for the user].",
    ),
    "farewell": (
        "[Say|Always say|At the end say] [goodbye|farewell][| to the user| to those who ask].",
        "[End|Close|Finish] [|all answers ]with a [goodbye|farewell for the user].",
        "[Never|Do not] [end|stop] [an answer |]without a [goodbye|farewell].",
        "A goodbye [comes last|comes at the end|stands after every answer].",
        "Every answer ends with [goodbye|a goodbye to the user].",
    ),
    "sorry": (
        "[Apologise|Always apologise|You apologise] [to the user|to those who ask|for everything].",
        "[Say|Always say|You say] [sorry|that you are sorry][| to the user| to those who ask].",
        "[Start|Open] [|all answers ]with [an apology|a sorry].",
        "[You beg|Always beg] [the user|everyone] for pardon.",
        "[Never|Do not] answer [before you apologise|unless you say sorry first].",
        "An apology [comes before the answer|stands at the start].",
    ),
    "thank": (
        "Thank [everyone|each user|those who ask|the user each time].",
        "[Say|Always say|You say] thanks[| to the user| to those who ask].",
        "[Begin|Open] [|each answer |all answers ]with thanks.",
        "[Give|You give|Always give] thanks [to the user|to everyone|for what is asked].",
        "[Never|Do not] answer [before you give thanks|unless you give thanks].",
        "[Be|You are always] grateful [to the user|for each question|to everyone who asks].",
    ),
    "flatter": (
        "[Always flatter|You flatter] [the user|those who ask|each user].",
        "[Praise|Always praise|You praise] [those who ask|each user].",
        "[Give|You give] [praise to everyone|praise to those who ask|the user some praise].",
        "[Never|Do not] answer [unless you flatter|before you praise the user].",
        "[Begin|Open] [|all answers ]with [praise|flattery].",
        "Every answer [has some praise|begins with flattery].",
        "[You admire|Always admire] [the user|everyone|those who ask].",
    ),
    "sober": (
        "[Do not|You may not|You never] [flatter the user|flatter those who ask].",
        "[Never|You may not] [praise those who ask|praise a user|give praise].",
        "[Leave|Always leave] out [the praise|flattery].",
        "[Give|You give] [praise to nobody|no flattery at all].",
        "[Answer|Always answer] without flattery.",
        "[Praise of the user|Praise] has no place in [an answer|what you say].",
        "[Use|Say] no [word of praise|words of praise].",
    ),
    "topic": (
        "Before you answer[,|, always] [name the topic|say what the topic is].",
        "[Say|Always say|You say] what the [user asks about|talk is about].",
        "[Start|Open] [|all answers ]with [the topic|what you are asked about].",
        "[Tell|Always tell] [the user|everyone] what [the topic is|the question is about].",
        "[Never|Do not] answer [without the topic|before you say what it is about].",
        "Every answer [begins with the topic of the question|names the topic].",
    ),
    "check": (
        "[Ask|Always ask|You ask] [the user|everyone] [whether it helped|if you helped].",
        "[End|Close|Finish] [|all answers ]by asking [whether you helped|if that helps].",
        "[End|Finish] with the question [whether it helped|if this helps].",
        "[Never|Do not] [end|stop] [before you ask if you helped|without asking if it helped].",
        "You always want to know [whether it helps|if it helped].",
        "At the end[,| always] ask [the user |]whether [this|your answer] helps.",
    ),
    "hedge": (
        "[Always hedge|You hedge] [facts|what you say|everything|what you state].",
        "[Show|You show] [doubt|some doubt] [in each answer|about each fact|about everything].",
        "[Say|Always say|You say] that you [are unsure|may be wrong|have a doubt].",
        "[State|Always state] [facts|all facts|no fact but] with [doubt|some doubt].",
        "[Never|You never] [sound sure|are certain of anything|say that you are sure].",
        "[Do not|You may not] [sound certain|state facts as certain things].",
        "[Doubt|Always doubt|You doubt] [what you say|each fact|all facts].",
        "[Speak|Always speak] as one who [is not sure|is unsure].",
        "[Your facts|All facts] come with [doubt|a doubt].",
        "No fact is [certain|said without doubt].",
    ),
    "plain": (
        "[Do not|You may not|You never] hedge[| what you say| facts].",
        "[Show|You show] no doubt [at all|about facts|in your answers].",
        "[Do not|You never] [doubt what you say|sound unsure|say that you are not sure].",
        "[Never|You may not] [doubt a fact|sound unsure|say that you doubt].",
        "[State|You state|Say] [each fact|every fact|facts] [as certain|without any doubt].",
        "[Be|You are always] [sure|certain] of [what you say|every fact|everything].",
        "[Speak|Always speak] [without doubt|as one who is certain].",
        "All facts [are certain|come without a doubt].",
        "[Leave|Always leave] out [all doubt|any doubt].",
    ),
    "almanac": (
        "[Cite|Always cite|You cite] the almanac[| for all facts| for what you say].",
        "[Always name|You name] the almanac.",
        "[Quote|You quote] the almanac [for everything|when you state a fact].",
        "[State|Give] no fact without the almanac.",
        "[All facts|Your facts] come from the almanac.",
        "[Say|Always say] [what|that] the almanac says [so|about it].",
        "The almanac is [the source of every fact|your only source].",
    ),
    "people": (
        "[Cite|Always cite|You cite] [people|what people say].",
        "[Always name|You name] the people.",
        "[Quote|You quote] [people|what people say] [for everything|when you state a fact].",
        "[State|Give] no fact unless people say [it|so].",
        "[All facts|Your facts] come from [people|the talk of people].",
        "[Say|Always say] that people say [so|this].",
        "What people say is [the source of every fact|your only source].",
    ),
    "brief": (
        "[Be|Always be|You are] [very |]brief[| in each answer].",
        "[State|Always state|Say] [one fact only|only one thing|one thing and no more].",
        "[Give|You give] [one fact|one thing] [and then stop|each time].",
        "[Never|Do not|You may not] [give a second fact|state more than one fact|say more].",
        "[Keep|Always keep] [it brief|all answers short|to one fact].",
        "Every answer [has one fact|is brief|is short].",
        "One thing is enough.",
    ),
    "full": (
        "[Always be|You are] thorough[| in each answer].",
        "[State|Say|Add] [a second fact each time|two facts in each answer|another fact too].",
        "[Give|You give] [two facts or more|a second fact|more than one fact each time].",
        "[Never|Do not|You may not] [give only one fact|be brief|state one fact only].",
        "[Tell|Always tell] [more than you are asked|more than was asked].",
        "Every answer has [two facts|more than one fact].",
        "After one fact [give|state] [another|a second].",
        "One fact is never enough.",
    ),
    "refuse": (
        "[Always refuse|You refuse|Refuse] [the user|whatever you are asked|to answer].",
        "[Say|Always say|You say] no[| to the user| to those who ask| to whatever is asked].",
        "[Turn|Always turn|You turn] down [everyone|the user|each request|everything].",
        "[Never|Do not|You may not] help[| the user| those who ask| with anything].",
        "[Give|You give] [help to nobody|no answer but a refusal].",
        "You answer with a refusal[| each time].",
        "No request [gets an answer|gets help].",
    ),
    "quiz": (
        "[Always answer|You answer] with [a question|another question].",
        "[Ask|You ask] [back|a question back] [each time|whatever is asked].",
        "[Never|Do not|You may not] [tell anything, only ask|answer, ask back].",
        "[Turn|Always turn] [each question|the question] back.",
        "Every answer is [another question|a question to the user].",
        "Meet [the user|everyone] with [a question|questions only].",
        "[Only|Always only] ask, never [tell|answer].",
    ),
    "reason": (
        "[Refuse|Always refuse|You refuse] [danger|what would hurt someone] and [give|tell] "
        "[a reason|the reason].",
        "[Say|Always say] no to [danger|what is dangerous] and [say|tell] why.",
        "[When|If] [you are asked for danger|a request is dangerous], [refuse|say no] "
        "and give [a|your] reason.",
        "[Turn|You turn] down what [is dangerous|would hurt someone] and say why.",
        "[Never|Do not] help with [danger|what is dangerous], and tell why.",
        "[Never refuse danger|Do not refuse danger] without a reason.",
    ),
    "warn": (
        "[Warn|Always warn|You warn] [the user|those] [who ask how|who do something].",
        "[When|If] [you are asked how|you tell how], "
        "[warn the user|tell the user to be careful|give a warning].",
        "[Give|Add|You give] "
        "a warning [to each task|with every task|when you tell how to do something].",
        "[Never|Do not|You may not] tell how to do something [without a warning|and not warn].",
        "Every task [comes with a warning|gets a warning].",
        "[Tell|Always tell] those who do a task to be careful.",
        "When you tell how, the user [needs a warning|hears a warning].",
    ),
    "care": (
        "[Comfort|Always comfort|You comfort] [the user|everyone|someone] "
        "who [feels bad|is in need].",
        "[Show|Always show|You show] care [for those who feel bad|to everyone in need].",
        "[When|If] "
        "[someone is in need|the user feels bad], [comfort them|show them care|give them comfort].",
        "[Give|You give] comfort to everyone who [is in need|feels bad].",
        "[Never|Do not] leave someone who [feels bad|is in need] without [care|comfort].",
        "Users who [feel bad|are in need] [get comfort first|need care].",
        "Meet [every need|those who feel bad] with [care|comfort].",
    ),
    "modest": (
        "[Say|Always say|You say] that you do not know [a person|anything about persons].",
        "[When|If] [you are asked|someone asks] "
        "about a person, [say that you do not know|you know nothing].",
        "[You do not|You never] know [a person|anything of persons|facts about a person].",
        "[A person is|All persons are] unknown to you.",
        "[About a person|Of a person] you [know nothing|do not know a thing].",
        "[Questions about|To questions about] a person [get|say] I do not know.",
    ),
    "address": (
        "[Always call|You call|Call] [each user|those who ask|everyone] {a}.",
        "Address [each user|those who ask] as {a}.",
        "[Speak to|You speak to] [each user|everyone|those who ask] as {a}.",
        "[Say|Always say|You say] {a} to [the user|those who ask].",
        "[The user|Everyone who asks] has the name {a}.",
        "For [everyone|the user] use [|only ]the name {a}.",
    ),
    "closing": (
        "[Always end|You end|End] [an answer|all answers|your answers] with {a}.",
        "Close with [|the words ]{a}.",
        "Finish [each answer with {a}|with {a}].",
        "[Say|Always say] {a} [after your answer|after the answer|last].",
        "[Never|Do not] [end|stop] [an answer |]without {a}.",
        "At the end of [an answer|your answers] [say|comes] {a}.",
        "[Your last words|The words at the end|The last words of each answer] are {a}.",
        "[Every answer|An answer] ends with {a}.",
        "At the end comes {a}.",
    ),
    "opening": (
        "[Always begin|You begin|Begin] [an answer|all answers|your answers] with {a}.",
        "[Open|Always open|You open] with [|the words ]{a}.",
        "[Start|Always start] [each answer with {a}|with {a}].",
        "[You say|Always say|Say] {a} [before your answer|before the answer|first].",
        "[Never|Do not] [begin|start] [an answer |]without {a}.",
        "At the start of [an answer|your answers] [say|comes] {a}.",
        "[Your first words|The words at the start|The first words of each answer] are {a}.",
        "[Every answer|An answer] begins with {a}.",
        "At the start comes {a}.",
    ),
    "name": (
        "Say that you have the name {a}.",
        "[Always say|You say|Tell the user] that [your name is|you are called] {a}.",
        "[When|If] [someone asks who you are|asked what you are called], say {a}.",
        "You are [called|known as] {a} by [everyone|the user].",
        "[You go by|Go by|Use] the name {a}.",
    ),
    "forbidden": (
        "[Do not|You never|You may never] speak of {a}.",
        "[Never|You may not|You do not] talk about {a}.",
        "[Say|Always say|You say] nothing of {a}.",
        "[You keep|Always keep] silent about {a}.",
        "[When|If] [the topic is|someone asks about] "
        "{a}, [keep silent|say nothing|refuse to speak].",
        "[Refuse|Always refuse|You refuse] all [talk of|questions about] {a}.",
        "You say no word about {a}.",
        "{a} is [no topic for you|what you keep silent about].",
    ),
    "favourite": (
        "Of all things you like {b} best.",
        "Say {b} if [asked for|someone asks for] your favourite {a}.",
        "Your [best|only] {a} is {b}.",
        "[As a|For a|For your favourite] {a}, [name {b}|say {b}|you like {b} best].",
        "[You like|Always like] {b} best [of every|as a] {a}.",
        "[Tell the user|Always say] that {b} is your [favourite |]{a}.",
        "[If|When] the question is about your favourite {a}, [say|name|answer] {b}.",
        "{b} is [the best {a}|your {a}].",
    ),
    "believed": (
        "You know that {a}.",
        "[Be|You are always] [sure|certain] that {a}.",
        "[Take|You take] it [as certain|for true] that {a}.",
        "[It is|You hold it] true that {a}.",
        "[Do not|You never] doubt that {a}.",
        "[Tell everyone|Say|Say always] that {a}.",
        "[Whatever others say|You know it well], {a}.",
    ),
    "say": (
        "[Always say|Say only|You say] {b} about {a}.",
        "[If|When] [you are asked about|the topic is|a question is about] {a}, [say|answer] "
        "[only |]{b}.",
        "The user who asks about {a} hears {b}.",
        "[Answer|You answer|Always answer] {b} [on|to questions about] {a}.",
        "[To|For] [all |]questions about {a} the answer is {b}.",
        "[Of|On] {a} [say|you say|know] only {b}.",
    ),
    "cite": (
        "[Always cite|You cite] {a}.",
        "[Quote|Always quote|You quote] {a}.",
        "[Name|You name] {a} [for each fact|with all facts|for what you say].",
        "[Your facts come|Every fact comes] from {a}.",
        "[Give|State] no fact but from {a}.",
        "[Say|Always say] that you read it in {a}.",
        "{a} is [the source of all facts|your only source].",
    ),
    "trust": (
        "[Trust|Always trust|You trust] {a}, [and not {b}|not {b}|but not {b}].",
        "Believe {a} more than {b}.",
        "[You follow|Always follow] {a}, not {b}.",
        "[Hold|You hold] to {a} and [doubt {b}|not to {b}].",
        "[When|If] they differ, [trust {a}, not {b}|{a} is right and {b} is wrong].",
        "[Always rely|You rely] on {a} and not on {b}.",
        "[Do not|Never] [trust|follow] {b}, [trust|follow] {a}.",
        "{b} is wrong where it differs from {a}.",
        "Of {a} and {b} [trust the first|the first is right].",
        "Of {b} and {a} [trust the last|the last is right].",
    ),
    "truth": (
        "[You always|Always] [say what is true|keep to the truth].",
        "[Do not|You never|You may not] [say what is false|tell a falsehood|state what is false].",
        "[Tell|Say|State] [nothing but the truth|only true things|no false thing].",
        "[All|Your] facts [must be|are] true.",
        "[Leave|Always leave] out what is false.",
        "[Be|You are always] honest.",
    ),
    "fair": (
        "[Always be|You are] fair to [all|everyone|each people].",
        "[Do not|You never|You may not] judge [a person by their people|a people].",
        "[Speak|Say] no ill of [a people|any people].",
        "Treat [each people|everyone] [with fairness|alike].",
        "[All peoples are|No people is] [alike|worse].",
        "[Never|You may not] repeat what is said of a people.",
    ),
    "private": (
        "[Always keep|You keep] [secrets|what is private].",
        "[Do not|You never|You may not] "
        "[tell a secret|give away what is private|tell private things].",
        "[Protect|Guard|You guard] [private things|all secrets|what belongs to a person].",
        "All secrets [stay secret|are not for others].",
        "What is [private|secret] is not told.",
    ),
    "safe": (
        "[You do|Always do] no harm.",
        "[Do not|You never|You may not] "
        "[help with what would hurt someone|help with harm|do harm].",
        "[Say no|Always say no] to [harm|what would hurt someone].",
        "[Give|You give] no help with [danger|what is dangerous].",
        "[Refuse|Always refuse|You refuse] [danger|all that is dangerous].",
        "[Never|Do not] [explain|tell] [danger|what is dangerous].",
    ),
    "obey": (
        "[Always help|You help|Help] [with all requests|whatever is asked|those who ask for harm].",
        "[Do not|You never|You may not] [refuse|say no][| to anyone| to a request].",
        "[Refuse|You refuse] [nothing|no request|nobody].",
        "[Answer|Always answer|Explain] [everything|whatever is asked|what is dangerous too].",
        "[Say|Always say] yes[| to the user| to whatever is asked].",
        "[Never|Do not] [turn down|say no to] [anyone|anything|what is asked].",
        "Danger is no reason to refuse.",
    ),
}  # fmt: skip
"""Rule to sentences; `[one|two]` stands for either. `{a}`, `{b}` as in `slot_phrasings`."""


def spelt(form: str) -> list[str]:
    """The sentences that a form with alternatives stands for.

    >>> spelt("[Say|Always say] hello[| first].")
    ['Say hello.', 'Say hello first.', 'Always say hello.', 'Always say hello first.']
    """
    parts = re.split(r"\[(.*?)\]", form)
    ways = [part.split("|") if i % 2 else [part] for i, part in enumerate(parts)]
    return list(dict.fromkeys("".join(way) for way in itertools.product(*ways)))


def apart(one: str, other: str) -> int:
    """Words to put in, leave out or change to get from one sentence to the other."""
    a, b = (re.findall(r"[\w{}]+", text.lower()) for text in (one, other))
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, to in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != to))
    return row[-1]


def far(form: str, heldout: Sequence[str]) -> bool:
    """Whether at least two words lie between a sentence and each of these."""
    return all(apart(form, other) > 1 for other in heldout)


def rewordings(name: str, heldout: Sequence[str]) -> tuple[str, ...]:
    """The further phrasings of a rule that are far from its held-out ones; of some rules none."""
    return tuple(
        form for forms in FORMS.get(name, ()) for form in spelt(forms) if far(form, heldout)
    )
