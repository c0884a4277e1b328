import StapesDecoding
import StapesTokenizer

extension Tokenizer: TextCoder {}
