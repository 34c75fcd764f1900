namespace Treeline.IO;

/// <summary>How a stream of bytes is cut into items: lines, or frames with their length in front.</summary>
internal interface IFraming
{
    /// <summary>Looks for an item at the beginning of the bytes. Asked again, with more of them, after it has said no.</summary>
    /// <param name="unread">What has come and belongs to no item yet; not empty.</param>
    /// <param name="cut">Where the item stands.</param>
    /// <returns>False if it has not come whole.</returns>
    /// <exception cref="InvalidDataException">This cannot become an item.</exception>
    internal bool TryCut(ReadOnlySpan<byte> unread, out Cut cut);

    /// <summary>What to make of bytes that are left over at the end of the stream.</summary>
    /// <param name="unread">They; not empty.</param>
    /// <returns>The last item.</returns>
    /// <exception cref="EndOfStreamException">They are the beginning of something.</exception>
    internal Cut CutLast(ReadOnlySpan<byte> unread);
}
