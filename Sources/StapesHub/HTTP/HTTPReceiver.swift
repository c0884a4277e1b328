import Foundation

/// Takes a response as it arrives. Calls come one after the other.
protocol HTTPReceiver: Sendable {
    /// - Returns: whether the body is wanted. If not, the connection is dropped and the request ends with this head.
    func begin(_ head: HTTPHead) throws(HubError) -> Bool
    func receive(_ data: Data) throws(HubError)
}
