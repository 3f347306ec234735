"""Lists of stop words, one for each purpose. All are in lower case. Pure."""

# Words that say nothing about the subject of a text. Matching, keyphrases and the feedback model ignore them.
_STOP_WORDS = """
    a about above across after again against ain all almost along also although always am among an and another any
    anyone anything are aren around as at away back be became because become been before being below besides between
    beyond both but by can cannot come could d did didn do does doesn doing don done down due during each either else
    enough etc even ever every everyone everything few find finding first for from full further get gets getting give
    given gives go goes going good got had has have having he hence her here hers herself him himself his how however i
    if in inside instance instead into is isn it its itself just keep keeps know known last least less let like ll long
    lot m made mainly make makes making many may me might mine more most mostly much must my myself near need needed
    needs neither never new next no nobody none nor not nothing now of off often on once one ones only onto or other
    others otherwise our ours ourselves out over own part per perhaps put quite rather re really s same say see seem
    several shall she should show shows since so some somebody someone something still such t take taken takes than that
    the their theirs them themselves then there thereby these they thing things this those though through thus to
    together too toward towards two under until up upon us use used useful user uses using various ve very via want
    wants was way ways we well were what whatever when where whether which while who whole whom whose why will with
    within without won work working works would x yet you your yours yourself"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

# Words so frequent in this field that they say little, even if they are rare among the few papers of a day. They are
# not ignored, but matching gives them little weight.
_COMMON_WORDS = """
    ability ai algorithm analysis application approach architecture artificial automatic automated based baseline
    benchmark better bigger cheaper code compute computer data dataset deep different efficient evaluate evaluation
    example experiment framework general generate generation human improve improvement information input intelligence
    knowledge language large learn learning llm machine method model modern multi network neural novel open output paper
    performance perform problem process produce quality reason reasoning research result sample science scale score
    sentence set single size small smaller source state step strong stronger study support system systems task technique
    test text time token tool train training understand understanding video vision visual world"""
COMMON_WORDS = frozenset(_COMMON_WORDS.split())

# Words that a full-text search for a sentence leaves out. The list is shorter than STOP_WORDS, because a candidate must
# share two words with the sentence, and each word that is left out costs recall.
_QUERY_STOP_WORDS = """
    about after also and are between can could does each for from have how into its learn like make more most not
    other over paper papers show shows some such than that the their them then there these they this through under
    use used using want well what when where which while who why will with without work would your"""
QUERY_STOP_WORDS = frozenset(_QUERY_STOP_WORDS.split())

# Words that the key of a citation skips at the beginning of a title. Readers have these keys in their files, so the
# list must not change.
_TITLE_STOP_WORDS = """
    a an and are at by do does for from how in is of on or the to toward towards what when why with"""
TITLE_STOP_WORDS = frozenset(_TITLE_STOP_WORDS.split())

# Words that stay in lower case in the name of an organization, in English, French, German, Italian and Spanish.
_LOWERCASE_IN_NAMES = "a and at de della der di du for für in la of on the"
LOWERCASE_IN_NAMES = frozenset(_LOWERCASE_IN_NAMES.split(" "))
