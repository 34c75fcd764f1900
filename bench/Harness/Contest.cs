namespace Treeline.Bench;

/// <summary>
/// Measures a row: all who do its work warm up, then take turns, so that a machine that slows down meanwhile slows all.
/// Who goes first changes from round to round.
/// </summary>
internal static class Contest
{
    /// <returns>One measurement for each of our sides.</returns>
    public static async Task<IReadOnlyList<Measurement>> HoldAsync(Row row, IEnumerable<Twin> twins)
    {
        Contender[] ours = [.. row.Sides.Select(static side => new Contender(side.Trial))];
        var theirs = new Contender(row.Theirs);
        Dictionary<string, Contender> peers = twins
            .Where(twin => row.Twin is { } work && twin.Does(work))
            .ToDictionary(static twin => twin.Name, twin => new Contender(twin.TrialOf(row.Twin!)));

        Contender[] all = [.. ours, theirs, .. peers.Values];
        foreach (Contender contender in all)
        {
            await contender.WarmUpAsync(row.Operations);
        }

        for (int round = 0; round < row.Rounds; round++)
        {
            for (int turn = 0; turn < all.Length; turn++)
            {
                await all[(round + turn) % all.Length].RunAsync(row.Operations);
            }
        }

        return [.. row.Sides.Zip(ours, (side, contender) => new Measurement(row, side, contender, theirs, peers))];
    }
}
