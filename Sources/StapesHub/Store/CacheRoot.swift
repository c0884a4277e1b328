import Foundation

/// Where models are kept when nothing else is said.
package enum CacheRoot {
    /// `$STAPES_CACHE`, else `$XDG_CACHE_HOME/stapes/models`, else `~/.cache/stapes/models`.
    ///
    /// An empty variable counts as unset.
    package static func path(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let cache = value("STAPES_CACHE") { return cache }
        if let cache = value("XDG_CACHE_HOME") { return cache + "/stapes/models" }
        return (value("HOME") ?? NSHomeDirectory()) + "/.cache/stapes/models"
    }
}
