"""People check a judge: whether it may stand in for one of them, and what its labels are worth.

    drawing      which labels people are asked about
    answered     what they said, item by item
    alternative  would the others lose anything if the judge took one person's place?
    beside       its agreement with people, beside theirs with each other
    calibration  what its probabilities are worth
    leanings     what it likes more than people do: the first, the longer, the list, its kin
    wins         how often each author's answers win, by the judge alone and corrected
    corrected    rates that its labels give, mended by what people said
    stability    the same questions asked again; another judge on the same items
    shifted      the same judge on other answers
    passing      whether it passes, and every reason why not, in a sentence

Everything here is a pure function of labels and judgements; `stages.audit` reads and writes.
"""
