import StapesEngine
import Testing

@Suite struct FairLineTests {
    /// Lets everyone in line begin, one after the other.
    private func order(_ line: FairLine, jobs: [Int: Job], cost: Int = 1500) -> [Int] {
        var line = line
        var order: [Int] = []
        while let id = line.first {
            order.append(id.number)
            line.begin(id, of: jobs[id.number] ?? Job(), cost: cost)
        }
        return order
    }

    private func line(_ jobs: [(id: Int, job: Job)]) -> (FairLine, [Int: Job]) {
        var line = FairLine()
        for (id, job) in jobs { line.append(SequenceID(id), of: job) }
        return (line, Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, $0.job) }))
    }

    private func order(_ jobs: [(id: Int, job: Job)]) -> [Int] {
        let (line, byID) = line(jobs)
        return order(line, jobs: byID)
    }

    @Test func oneJobIsServedInTheOrderOfArrival() {
        #expect(order((1...5).map { ($0, Job(number: 3)) }) == [1, 2, 3, 4, 5])
    }

    @Test func jobsTakeTurns() {
        let (a, b, c) = (Job(number: 1), Job(number: 2), Job(number: 3))
        #expect(order([(1, a), (2, a), (3, a), (4, b), (5, b), (6, c)]) == [1, 4, 6, 2, 5, 3])
    }

    @Test func priorityIsStrict() {
        let (low, high) = (Job(number: 1, priority: 1), Job(number: 2, priority: -1))
        #expect(order([(1, low), (2, Job()), (3, low), (4, high), (5, high)]) == [4, 5, 2, 1, 3])
    }

    /// Every way of dealing six windows to three jobs of two priorities.
    @Test func everyDealIsServedByPriorityThenEvenly() {
        let jobs = [Job(number: 1), Job(number: 2), Job(number: 3, priority: 1)]
        for deal in 0..<729 {
            var rest = deal
            let dealt = (1...6).map { id in
                defer { rest /= 3 }
                return (id: id, job: jobs[rest % 3])
            }
            let order = order(dealt)
            #expect(order.sorted() == Array(1...6))
            let served = order.map { id in dealt[id - 1].job }
            #expect(served.map(\.priority) == served.map(\.priority).sorted())
            for job in jobs {
                #expect(zip(order, served).filter { $0.1 == job }.map(\.0) == dealt.filter { $0.job == job }.map(\.id))
            }
            // Of two jobs that both still wait, neither has been served more than once oftener than the other.
            var counts = [0, 0]
            for job in served.prefix(while: { $0.priority == 0 }) {
                counts[job.number - 1] += 1
                let both = (0..<2).allSatisfy { index in dealt.count { $0.job == jobs[index] } > counts[index] }
                if both { #expect(abs(counts[0] - counts[1]) <= 1, "\(dealt)") }
            }
        }
    }

    @Test func lateJobIsDueNowAndGetsNoCreditForItsAbsence() {
        let (old, late) = (Job(number: 1), Job(number: 2))
        var (line, jobs) = line((1...8).map { ($0, old) })
        for id in 1...4 { line.begin(SequenceID(id), of: old, cost: 1500) }
        for id in 11...14 {
            line.append(SequenceID(id), of: late)
            jobs[id] = late
        }
        // Neither four in a row for the late one nor four for the old one.
        #expect(order(line, jobs: jobs) == [5, 11, 6, 12, 7, 13, 8, 14])
    }

    @Test func jobThatWasAwayIsLikeANewOne() {
        let (a, b) = (Job(number: 1), Job(number: 2))
        var line = FairLine()
        line.append(SequenceID(1), of: a)
        line.begin(SequenceID(1), of: a, cost: 1500)
        for id in 2...9 {
            line.append(SequenceID(id), of: b)
            line.begin(SequenceID(id), of: b, cost: 1500)
        }
        for id in 10...12 { line.append(SequenceID(id), of: b) }
        for id in 13...15 { line.append(SequenceID(id), of: a) }
        let jobs = Dictionary(uniqueKeysWithValues: (10...15).map { ($0, $0 < 13 ? b : a) })
        #expect(order(line, jobs: jobs) == [10, 13, 11, 14, 12, 15])
    }

    @Test func whatCostsNothingTakesNoTurn() {
        let (a, b) = (Job(number: 1), Job(number: 2))
        var (line, jobs) = line([(1, a), (2, a), (3, b)])
        line.begin(SequenceID(1), of: a, cost: 0)
        #expect(order(line, jobs: jobs) == [2, 3])
        jobs[1] = nil
    }

    @Test func oneThatGivesUpCostsItsJobNothing() {
        let (a, b) = (Job(number: 1), Job(number: 2))
        var (line, jobs) = line([(1, a), (2, a), (3, b)])
        line.remove(SequenceID(1), of: a)
        line.remove(SequenceID(1), of: a)
        #expect(line.count == 2 && order(line, jobs: jobs) == [2, 3])
        jobs[1] = nil
    }

    /// A stream of new jobs does not keep an older one's second window out for ever.
    @Test func newJobsDoNotStarveAnOldOne() {
        let old = Job(number: 1)
        var line = FairLine()
        for id in 1...4 { line.append(SequenceID(id), of: old) }
        var begun = 0
        for round in 0..<40 {
            let job = Job(number: 100 + round)
            line.append(SequenceID(100 + round), of: job)
            guard let id = line.first else { continue }
            if id.number < 100 { begun += 1 }
            line.begin(id, of: id.number < 100 ? old : Job(number: id.number), cost: 1500)
        }
        #expect(begun == 4)
    }
}
