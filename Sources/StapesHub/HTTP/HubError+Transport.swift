#if Downloads
    import Foundation
    import FoundationNetworking

    extension HubError {
        /// What URLSession's error means here.
        ///
        /// - Parameter hasBegun: whether the response's head had arrived.
        init(transport error: any Error, place: String, hasBegun: Bool) {
            if hasBegun {
                self.init(.interrupted, "\(place) ended the connection before the file did", cause: error)
                return
            }
            let reason: String? =
                switch (error as? URLError)?.code {
                case .cannotFindHost, .dnsLookupFailed: "the host's name is not known"
                case .cannotConnectToHost: "the connection was refused"
                case .networkConnectionLost: "the connection was lost"
                case .notConnectedToInternet: "there is no network"
                case .timedOut: "there was no answer in time"
                case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
                    .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
                    "no secure connection could be made"
                default: nil
                }
            self.init(
                .unreachable, "cannot reach \(place): \(reason ?? (error as NSError).localizedDescription)",
                cause: error)
        }
    }
#endif
